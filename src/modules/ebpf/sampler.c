/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sampler's programs: one look of the kernel's side at all tasks. */
#include "base/guard.h"
#include "host/raised.h"
#include "modules/ebpf/ebpf.h"
#include "modules/ebpf/object.h"
#include "sources/linux/bpf_sampler.h"

#include "denet.skel.h"
#include "sampler.skel.h"
#include <bpf/bpf.h>
#include <stdlib.h>

struct dn_ebpf_sampler {
        struct dn_sampler *offered; /* NULL: not yet */
        struct dn_ebpf *e;
        struct dn_object *object;
        struct dn_bpf_sampler *programs; /* of it */
        struct bpf_link *link;           /* theirs, of that one that is loaded */
};

static struct bpf_object_skeleton *open_skeleton(const struct bpf_object_open_opts *options, void **ret_programs) {
        struct dn_bpf_sampler *programs = dn_bpf_sampler__open_opts(options);

        *ret_programs = programs;
        return programs ? programs->skeleton : NULL;
}

/* Members are those of the other object: its map says who. */
static int open_programs(struct dn_ebpf_sampler *s) {
        void *programs;
        int r;

        s->object = dn_object_free(s->object);
        r = dn_object_open(&s->object, open_skeleton, &programs);
        if (r < 0)
                return r;
        s->programs = programs;
        return bpf_map__reuse_fd(s->programs->maps.threads, bpf_map__fd(s->e->programs->maps.threads));
}

/* The program that walks the kernel's list itself, or the one that the kernel calls for each task. */
static int attach(struct dn_ebpf_sampler *s, bool walks) {
        struct dn_bpf_sampler *programs = s->programs;
        int r;

        bpf_program__set_autoattach(programs->progs.sample_listed, false);
        bpf_program__set_autoload(programs->progs.sample_listed, walks);
        bpf_program__set_autoload(programs->progs.sample, !walks);
        r = dn_object_load(s->object);
        if (r == 0 && walks)
                r = dn_object_attach_to_map(programs->progs.sample_listed, programs->maps.listed,
                                            &programs->links.sample_listed);
        s->link = walks ? programs->links.sample_listed : programs->links.sample;
        return r;
}

static int load(struct dn_ebpf_sampler *s) {
        struct dn_raised before = dn_raise();
        int r = open_programs(s);
        bool walks =
                r == 0 && bpf_program__autoload(s->programs->progs.sample_listed); /* the kernel has what it calls */

        if (r == 0)
                r = attach(s, walks);
        if (r < 0 && walks && (r = open_programs(s)) == 0)
                r = attach(s, false);
        if (r == 0)
                s->programs->bss->sampling.level = s->e->shared->level;
        dn_lower(&before);
        return r;
}

static void sampler_free(struct dn_ebpf_sampler *s) {
        s->offered = dn_bpf_sampler_free(s->offered);
        dn_object_free(s->object);
        free(s);
}

void dn_ebpf_sampler_load(struct dn_ebpf *e) {
        struct dn_ebpf_sampler *s = calloc(1, sizeof(*s));

        e->sampler_error = -ENOMEM;
        if (!s)
                return;
        s->e = e;
        e->sampler_error = load(s);
        if (e->sampler_error < 0) {
                sampler_free(s);
                return;
        }
        e->sampler = s;
}

void dn_ebpf_sampler_show(const struct dn_ebpf *e, struct dn_bpf_side *ret_side) {
        const struct dn_ebpf_sampler *s = e->sampler;

        *ret_side = (struct dn_bpf_side){
                .look = bpf_link__fd(s->link),
                .sampling = bpf_map__fd(s->programs->maps.bss),
                .sampling_at = offsetof(struct dn_bpf_sampler__bss, sampling),
                .shared = bpf_map__fd(e->programs->maps.bss),
                .shared_at = offsetof(struct dn_bpf__bss, shared),
                .places = bpf_map__fd(s->programs->maps.places),
                .sleepers_first = s->link == s->programs->links.sample_listed,
                .raise_to_read = e->raise_to_read,
        };
}

int dn_ebpf_sampler_offer(struct dn_ebpf *e) {
        struct dn_bpf_side side;
        int r = 0;

        if (!e->sampler->offered) {
                dn_ebpf_sampler_show(e, &side);
                r = dn_bpf_sampler_new(&e->sampler->offered, &side);
        }
        e->target->sampler = e->sampler->offered;
        return r;
}

void dn_ebpf_sampler_close(struct dn_ebpf *e) {
        if (!e->sampler)
                return;
        e->target->sampler = NULL;
        sampler_free(e->sampler);
        e->sampler = NULL;
}
