/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the processes of a run used, by command: program and, where that says more, its first argument. A process's own
 * I/O counters hold those of the children that it waited for; they are taken out again, as far as they were seen. */
#pragma once
#include "base/hash.h"
#include "base/text.h"
#include "denet/denet.h"

struct dn_group {
        char *label;
        double cpu_secs, read_bytes, written_bytes, peak_kb;
        uint64_t runs;
};

struct dn_used;

struct dn_costliest {
        struct dn_group *groups;
        size_t n_groups, room_groups;
        struct dn_used *processes;
        size_t n_processes, room_processes;
        size_t next; /* where the next process of a record is looked for first */
        struct dn_hash by_pid;
        uint64_t round; /* of tree records */
        int64_t main_pid;
        int cpu_user, cpu_system, read, written, rss, rss_peak; /* field ids */
};

void dn_costliest_open(struct dn_costliest *c);
void dn_costliest_close(struct dn_costliest *c);
void dn_costliest_name(struct dn_costliest *c, struct dn_str line);        /* a metadata or a child record's text */
void dn_costliest_add(struct dn_costliest *c, const denet_record *record); /* a tree record */
/* After the last record: the groups, by CPU time, or by memory where that is next to nothing. */
void dn_costliest_finish(struct dn_costliest *c);
