/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the processes of a run used, by command. A process's own I/O counters hold those of the children that it waited
 * for; they are taken out again, as far as they were seen. */
#pragma once
#include "base/hash.h"
#include "cli/groups.h"
#include "denet/denet.h"

/* What is read of a process's row: what is summed up, and what has a peak. */
enum { DN_USED_RSS = DN_SUMS, DN_USED_RSS_PEAK, DN_USED_THREADS, DN_USED_FIELDS };

struct dn_used;

struct dn_costliest {
        struct dn_groups groups;
        struct dn_used *processes;
        size_t n_processes, room_processes;
        size_t n_met; /* of them in this record */
        size_t first; /* where the first of a record is looked for */
        struct dn_hash by_pid;
        uint64_t round; /* of tree records */
        int64_t main_pid;
        int64_t peak_kb;                        /* of the tree, sampled */
        int64_t swap_kb;                        /* the most of it that was in swap */
        int64_t oom_kills;                      /* of the cgroup … */
        int64_t oom_ms;                         /* … when the last was seen … */
        const char *victim;                     /* … and its label; NULL: not known */
        bool victim_stays;                      /* it has yet to go */
        int field[DN_USED_FIELDS], swap, kills; /* field ids */
};

void dn_costliest_open(struct dn_costliest *c);
void dn_costliest_close(struct dn_costliest *c);
void dn_costliest_name(struct dn_costliest *c, struct dn_str line);        /* a metadata or a child record's text */
void dn_costliest_add(struct dn_costliest *c, const denet_record *record); /* a tree record */
void dn_costliest_finish(struct dn_costliest *c);                          /* after the last; it may be called again */
