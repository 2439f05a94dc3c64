/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the summary says of what eBPF counted: waits, system calls, the command's own network. */
#pragma once
#include "base/text.h"
#include "denet/denet.h"

enum { DN_SHOWN_WAITS = 4, DN_SHOWN_CALLS = 3 };

struct dn_shown {
        char name[32];
        double seconds, count;
};

struct dn_kernel_side {
        struct dn_shown waits[DN_SHOWN_WAITS], calls[DN_SHOWN_CALLS]; /* the longest first */
        int n_waits, n_calls;
        bool has_network;
        double received, sent; /* bytes */
};

/* The block stands in the last record that has it: each takes the place of the one before. */
void dn_kernel_side_take(struct dn_kernel_side *k, const denet_record *record);

/* A line each; nothing where nothing is known. */
void dn_kernel_side_put_waits(struct dn_text *text, const struct dn_kernel_side *k);
void dn_kernel_side_put_calls(struct dn_text *text, const struct dn_kernel_side *k);
