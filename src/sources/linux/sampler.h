/* SPDX-License-Identifier: GPL-3.0-or-later
 * What sees all processes of the tree in one look, in /proc's place. What it says of one is what stat, io and the CPU
 * clock would say; all else is read from /proc. A process that it does not know of is read there altogether. */
#pragma once
#include "sources/linux/parse_io.h"
#include "sources/linux/parse_stat.h"

struct dn_process_seen {
        int64_t pid;
        int64_t clock_ns, read_ns;
        struct dn_stat stat;
        struct dn_io io;
};

enum dn_seen { DN_NOT_SEEN, DN_HAS_SLEPT, DN_HAS_RUN };

struct dn_sampler {
        bool looked;       /* what follows is of this pass */
        int64_t looked_ns; /* … and when that began, by the monotonic clock */
        uint32_t n;        /* of those that have run, or are new; with `all`, of all */
        bool fresh;        /* there are some among them of which nothing was said before */
        /* Who has slept was told at looked_ns, before the others were looked at; else each when its turn came. */
        bool sleepers_first;
        /* Written by who reads: processes that live and were not seen, in the last pass. */
        uint32_t strangers;
        /* 0; -errno: nothing is known in this pass. */
        int (*look)(struct dn_sampler *s, bool all);
        /* The i-th of n. */
        void (*get)(const struct dn_sampler *s, uint32_t i, struct dn_process_seen *ret_seen);
        /* What became of this process; *ret_i is where it stands among those that have run. */
        enum dn_seen (*find)(const struct dn_sampler *s, int64_t pid, uint32_t *ret_i);
        /* It has missed some of the tree's processes, or may have: they have to be looked for. */
        bool (*misses)(const struct dn_sampler *s);
};
