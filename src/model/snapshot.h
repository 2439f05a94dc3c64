/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the kernel says at one moment, never a difference. Its process rows are in order of admission: the main process
 * first, a parent before its child. Part DN_WHOLE has one row. */
#pragma once
#include "model/members.h"

struct dn_snapshot {
        uint32_t number; /* 1, 2, 3 … of its stream */
        int64_t mono_ns; /* when it was begun, by the monotonic clock */
        int64_t boot_ns; /* the same moment since the machine's boot, sleep included */
        uint32_t cores;  /* how many the tree can use at most; 0: not known, or what is left over comes now */
        struct dn_table part[DN_PARTS];
        /* A row of DN_WHOLE's fields, where the kernel's side counts every member itself, the dead too; else none. At
         * most the truth, as all that the whole is made of. */
        struct dn_table counted;
};

struct dn_ledger;

/* Begins `now` as a copy of `last` (NULL: empty) without the rows that are gone: a slow field stands until it is read
 * again. 0 or -ENOMEM. */
int dn_snapshot_begin(struct dn_snapshot *now, const struct dn_snapshot *last, int64_t mono_ns, int64_t boot_ns);

/* A new process, at the end; its slot and name are the member's. `ret_row` is good until the next admission. */
int dn_snapshot_admit(struct dn_snapshot *now, const struct dn_member *member, struct dn_key parent,
                      struct dn_row **ret_row);

/* Marks as gone who, by the ledger, has left since the last pass. */
void dn_snapshot_leave(struct dn_snapshot *last, const struct dn_ledger *ledger);

/* The row of this process; NULL where it is no member, or gone. A walk: not for each process of a pass. */
struct dn_row *dn_snapshot_find(const struct dn_snapshot *s, struct dn_key key);

/* How far a walk through the processes of one snapshot has come in another, both being in the same order. It begins as
 * zeros. */
struct dn_trail {
        uint32_t theirs, ours; /* behind those that were found last */
};

/* What the other snapshot has of the same process: `row` is the i-th of the one that is walked through, and i greater
 * than in the call before. NULL: it was no member then. */
const struct dn_row *dn_snapshot_follow(const struct dn_snapshot *there, struct dn_trail *trail,
                                        const struct dn_row *row, uint32_t i);

/* The one row of DN_WHOLE; NULL only in a snapshot that was never begun. */
struct dn_row *dn_snapshot_whole(const struct dn_snapshot *s);
void dn_snapshot_free(struct dn_snapshot *s);

/* It has ended (vanished, or a zombie): a zombie's totals still count, it is shown no more. */
static inline bool dn_row_ended(const struct dn_row *row) {
        return row->gone || dn_row_or_zero(row, DN_state) == 'Z';
}
