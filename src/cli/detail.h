/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the summary says beyond totals: of each command of dn_costliest, found by its label, how its time is divided,
 * its disk I/O, threads, faults, and its part in the memory at the peak; and what happened on the way. */
#pragma once
#include "base/hash.h"
#include "base/text.h"
#include "cli/missing.h"
#include "denet/denet.h"

enum dn_detail_sum {
        DN_DETAIL_USER,
        DN_DETAIL_SYSTEM,
        DN_DETAIL_FROM_DISK,
        DN_DETAIL_TO_DISK,
        DN_DETAIL_FAULTS,
        DN_DETAIL_SUMS
};

struct dn_detail_group {
        char *label;
        char *command; /* its arguments with blanks between; NULL where two of its runs had different ones */
        double sum[DN_DETAIL_SUMS];
        double threads; /* of one process, the most */
        double peak_kb; /* its part when the tree's memory was at its peak … */
        uint64_t peak_processes;
};

struct dn_detail_process;

struct dn_detail {
        struct dn_detail_group *groups;
        size_t n_groups, room_groups;
        struct dn_detail_process *processes;
        size_t n_processes, room_processes;
        struct dn_hash by_pid;
        int64_t main_pid, start_ms;
        uint64_t round;
        double peak_kb;   /* of the tree, sampled */
        double swap_kb;   /* the most of it that was in swap */
        double oom_kills; /* of the cgroup */
        double oom_secs;  /* when the last was seen; from the beginning on */
        size_t oom_group; /* whose process it was; SIZE_MAX: not known */
        bool oom_open;    /* its victim has yet to go */
        int field[DN_DETAIL_SUMS + 1], rss, threads, swap, oom;
        struct dn_missing missing;
};

void dn_detail_open(struct dn_detail *d);
void dn_detail_close(struct dn_detail *d);
void dn_detail_name(struct dn_detail *d, struct dn_str line);        /* a metadata or a child record's text */
void dn_detail_add(struct dn_detail *d, const denet_record *record); /* a tree record */
void dn_detail_finish(struct dn_detail *d);                          /* after the last; it may be called again */
const struct dn_detail_group *dn_detail_find(const struct dn_detail *d, const char *label);
