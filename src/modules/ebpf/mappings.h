/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the kernel says of who maps which code, forks and execs: perf_event_open(2) with a software event that never
 * counts (mmap2, comm, task), inherited by all that the main process starts. So the stacks of a process that has gone
 * have names. */
#pragma once
#include "modules/symbols/maps.h"

struct dn_mappings;

enum dn_mapping_event { DN_MAPPING_FORK, DN_MAPPING_EXEC, DN_MAPPING_MAP };

/* One thing that the kernel said; borrowed. */
struct dn_mapping_news {
        enum dn_mapping_event event;
        uint64_t time_ns;
        uint32_t pid, parent;      /* parent: of FORK */
        struct dn_mapping mapping; /* of MAP, with … */
        struct dn_str name;        /* … the path */
};

/* One record of perf's ring, without what was not asked for. 1; 0: of no interest; -EBADMSG. Its texts are pieces of
 * it. */
int dn_mapping_parse(struct dn_str record, struct dn_mapping_news *ret_news);

/* pid: the main process's, as the caller sees it. 0 or -errno. */
int dn_mappings_open(struct dn_mappings **ret_mappings, uint32_t pid, uint32_t n_processors);

/* Gives out what has come since the last call, in order of time. 0 or -ENOMEM; what the ring had no room for is counted
 * in `lost`. */
int dn_mappings_take(struct dn_mappings *m, void (*take)(void *user, const struct dn_mapping_news *news), void *user,
                     uint64_t *lost);
struct dn_mappings *dn_mappings_free(struct dn_mappings *m);
