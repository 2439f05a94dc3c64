/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the dead had used, where no living process of the tree has it in its own counters. Between two snapshots only
 * the ledger changes; everything that learns of an end comes in by dn_ledger_end. */
#pragma once
#include "model/snapshot.h"

enum dn_end_how {
        DN_END_REAPED, /* waited for by us: `last` has its final totals, those of the children it had reaped included */
        DN_END_LOST,   /* vanished, and nobody has its totals: `last` is what was seen of it, a lower bound */
};

struct dn_end {
        struct dn_key key;
        int how;
        const struct dn_row *last; /* what it adds to the ledger: the total of each field; NULL: nothing */
        const char *why;           /* LOST: why; a constant text */
};

/* A reason of lower_bound that more than one of those who find it out give. */
extern const char dn_ledger_ignored[];

struct dn_ledger {
        struct dn_row *ended;  /* part DN_WHOLE: sums of those that ended */
        struct dn_row *reaped; /* what the host process has reaped in all, where it knows that better; else NULL */
        struct dn_key *left;   /* those that ended since the last pass */
        uint32_t n_left, room_left;
        uint64_t n_reaped, n_lost;
        const char *lower_bound; /* why the totals are one, or NULL; a constant text */
        const char *reaped_why;  /* the same of `reaped`, as it is now; its source says it */
};

int dn_ledger_end(struct dn_ledger *l, const struct dn_end *e); /* 0 or -ENOMEM */

/* What else is known of one whose end is in the ledger: the total of this field. 0 or -ENOMEM. */
int dn_ledger_add(struct dn_ledger *l, int id, int64_t total);

/* Where the host process reaps all that end and nothing else (a subreaper): their total so far, in place of what single
 * ends would add. Copies the values of `total`; a counter that is not in it stays as it was. 0 or -ENOMEM. */
int dn_ledger_set_reaped(struct dn_ledger *l, const struct dn_row *total);

/* The total of the dead for this field; false where nothing is known. */
bool dn_ledger_get(const struct dn_ledger *l, int id, int64_t *ret_value);

/* A pass has seen who left. */
void dn_ledger_settled(struct dn_ledger *l);
void dn_ledger_free(struct dn_ledger *l);
