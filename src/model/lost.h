/* SPDX-License-Identifier: GPL-3.0-or-later
 * Those that end and whose totals nobody gets: a parent that ignores SIGCHLD is handed nothing, nor is a member that an
 * orphan of an attached tree was taken away from. What was seen of them goes to the ledger, as a lower bound.
 *
 * That a parent was handed a child's totals shows in its cminflt, which counts without loss: one that has not grown by
 * at least the faults that the child was seen with has been handed nothing. */
#pragma once
#include "model/ledger.h"

struct dn_lost {
        struct dn_vanished {
                struct dn_key parent;
                int64_t faults_before; /* handed to the parent before */
                int64_t since_ns;      /* when it was missed, by the monotonic clock */
                struct dn_row *row;    /* as it was seen last, totals of what it had reaped put in; owned */
                bool waits;            /* for what the parent says in the next pass */
        } * pending;                   /* vanished in an earlier pass: the parent is looked at in this one */
        uint32_t n, room;
};

/* After all was read and before the whole is settled. `adopter`: the pid that orphans come to and are waited for by,
 * 0 where that is no one of ours. 0 or -ENOMEM. */
int dn_lost_look(struct dn_lost *lost, const struct dn_snapshot *now, const struct dn_snapshot *last,
                 const struct dn_members *members, int64_t adopter, struct dn_ledger *ledger);
void dn_lost_free(struct dn_lost *lost);
