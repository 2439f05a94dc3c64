/* SPDX-License-Identifier: GPL-3.0-or-later
 * The commands of a run, by label: program and, where that says more, its first argument. */
#pragma once
#include "base/json_scan.h"

/* What is summed up of a process; each is a counter of its row. */
enum dn_sum {
        DN_SUM_USER,
        DN_SUM_SYSTEM,
        DN_SUM_READ,
        DN_SUM_WRITTEN,
        DN_SUM_FROM_DISK,
        DN_SUM_TO_DISK,
        DN_SUM_FAULTS_CACHED,
        DN_SUM_FAULTS_DISK,
        DN_SUMS
};

struct dn_group {
        char *label;
        char *command; /* its arguments with blanks between; NULL where two of its runs had different ones */
        uint64_t runs;
        double sum[DN_SUMS];     /* in steps; seconds, bytes, faults when finished */
        double cpu_secs;         /* user and system, when finished */
        double peak_kb, threads; /* of one process, the most */
        double part_kb;          /* of the tree's memory when that was at its peak … */
        uint64_t part_processes; /* … and of how many processes that was */
        size_t order;            /* as they were met */
        bool shared;             /* further names are in it */
};

struct dn_groups {
        struct dn_group *list;
        size_t n, room;
        bool finished;
        bool failed; /* no memory: some are not in it */
};

void dn_groups_free(struct dn_groups *g);
/* Where the scanner stands before the cmd of a metadata or a child record. The index of its group, or SIZE_MAX: it is
 * no array, or there is no memory. */
size_t dn_groups_take(struct dn_groups *g, struct dn_scan *scan);
/* After the last sum: by CPU time, or by memory where that is next to nothing. It may be called again. */
void dn_groups_finish(struct dn_groups *g);
const struct dn_group *dn_groups_find(const struct dn_groups *g, const char *label); /* or NULL */
