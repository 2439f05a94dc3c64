/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sampler by BPF, once it is in the kernel: bpf(2), BPF_ITER_CREATE, and maps that are mapped. Whoever loaded it,
 * here or in another process, is not needed any more. */
#pragma once
#include "sources/linux/sampler.h"

#include <stddef.h>

/* What is in the kernel, by descriptors. */
struct dn_bpf_side {
        int look;                      /* a link: each iterator that is made of it is one look */
        int sampling, shared, places;  /* maps: with a dn_bpf_sampling, with a dn_bpf_shared, of dn_bpf_place */
        size_t sampling_at, shared_at; /* where in the maps' only values these two stand */
        bool sleepers_first;           /* as of dn_sampler */
        bool raise_to_read;            /* kernels before 5.19 may want the rights for making an iterator, too */
};

/* All that keeps it there. */
enum { DN_BPF_LINKS = 16 };
struct dn_bpf_loaded {
        struct dn_bpf_side side;
        int links[DN_BPF_LINKS]; /* the others' */
        uint32_t n_links;
};

/* The descriptors stay the caller's; the maps' are not needed after. *ret_sampler: to be freed before the link is
 * closed. 0 or -errno. */
int dn_bpf_sampler_new(struct dn_sampler **ret_sampler, const struct dn_bpf_side *side);
struct dn_sampler *dn_bpf_sampler_free(struct dn_sampler *offered); /* NULL is well; returns it */
