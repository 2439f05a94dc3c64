/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/lost.h"

#include <errno.h>
#include <stdlib.h>

static const char taken_away[] = "an orphan ended that was not ours to wait for";

void dn_lost_free(struct dn_lost *lost) {
        for (uint32_t i = 0; i < lost->n; i++)
                free(lost->pending[i].row);
        free(lost->pending);
        *lost = (struct dn_lost){0};
}

static int64_t faults_handed(const struct dn_row *row) {
        return dn_row_or_zero(row, DN_reaped_page_faults_cached) + dn_row_or_zero(row, DN_reaped_page_faults_disk);
}

static int64_t faults(const struct dn_row *total) {
        return dn_row_or_zero(total, DN_page_faults_cached) + dn_row_or_zero(total, DN_page_faults_disk);
}

/* A copy in which each cumulative field is the total that a parent would have been handed. The caller frees it. */
static struct dn_row *total_of(const struct dn_row *row) {
        struct dn_row *total = dn_row_new();

        if (!total)
                return NULL;
        memcpy(total, row, sizeof(*row) + DN_FIELDS * sizeof(int64_t));
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].of != DN_NOTHING && (row->has >> id & 1))
                        total->v[dn_fields[id].of] += row->v[id];
        return total;
}

static int lose(struct dn_ledger *ledger, const struct dn_row *total, const char *why) {
        struct dn_end end = {.key = total->key, .how = DN_END_LOST, .last = total, .why = why};

        return dn_ledger_end(ledger, &end);
}

/* The faults of all the parent's children that vanished in the same pass or since; what it was handed must be at least
 * that. */
static int64_t faults_due(const struct dn_lost *lost, const struct dn_vanished *v) {
        int64_t due = 0;

        for (uint32_t i = 0; i < lost->n; i++)
                if (dn_key_equal(lost->pending[i].parent, v->parent) && lost->pending[i].since_ns >= v->since_ns)
                        due += faults(lost->pending[i].row);
        return due;
}

/* What the parent was handed since; of one that has ended meanwhile that says nothing: another one may have taken over
 * its children and waited for them. */
static int64_t handed_since(const struct dn_vanished *v, const struct dn_row *parent) {
        return parent && !dn_row_ended(parent) ? faults_handed(parent) - v->faults_before : INT64_MAX;
}

/* A parent that runs without a pause looks as if it had not run until the next tick, and what it was handed is then not
 * read. There is time for that, but in the last snapshot. */
static bool may_come(const struct dn_vanished *v, const struct dn_snapshot *now) {
        const int64_t ticks_ns = 30000000;
        bool last = now->cores == 0;

        return !last && now->mono_ns - v->since_ns < ticks_ns;
}

/* Where a parent was handed less than it should have been but something, some were lost and nobody knows which. */
static int look_at_pending(const struct dn_lost *lost, const struct dn_snapshot *now, struct dn_ledger *ledger) {
        for (uint32_t i = 0; i < lost->n; i++) {
                struct dn_vanished *v = &lost->pending[i];
                int64_t handed = handed_since(v, dn_snapshot_find(now, v->parent)), due = faults_due(lost, v);

                v->waits = handed < due && may_come(v, now);
                if (v->waits || handed >= due)
                        continue;
                if (handed > 0)
                        ledger->lower_bound = dn_ledger_ignored;
                else if (faults(v->row) > 0 && lose(ledger, v->row, dn_ledger_ignored) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static void forget_judged(struct dn_lost *lost) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < lost->n; i++) {
                if (lost->pending[i].waits)
                        lost->pending[kept++] = lost->pending[i];
                else
                        free(lost->pending[i].row);
        }
        lost->n = kept;
}

static int wait_for_parent(struct dn_lost *lost, const struct dn_row *row, const struct dn_row *parent,
                           int64_t now_ns) {
        struct dn_row *total;

        if (lost->n == lost->room) {
                uint32_t room = lost->room ? lost->room * 2 : 16;
                struct dn_vanished *pending = realloc(lost->pending, room * sizeof(*pending));

                if (!pending)
                        return -ENOMEM;
                lost->pending = pending;
                lost->room = room;
        }
        total = total_of(row);
        if (!total)
                return -ENOMEM;
        lost->pending[lost->n++] = (struct dn_vanished){
                .parent = parent->key, .faults_before = faults_handed(parent), .since_ns = now_ns, .row = total};
        return 0;
}

/* Vanished in this pass: who would have waited for it? */
static int vanished(struct dn_lost *lost, const struct dn_row *row, const struct dn_snapshot *last, int64_t now_ns,
                    const struct dn_members *members, int64_t adopter, struct dn_ledger *ledger) {
        int64_t ppid = dn_row_or_zero(row, DN_parent_pid);
        const struct dn_member *member = dn_members_find(members, ppid);
        const struct dn_row *parent = member ? dn_snapshot_find(last, member->key) : NULL;
        struct dn_row *total;
        int r;

        if (parent)
                return wait_for_parent(lost, row, parent, now_ns);
        /* A new parent's children, and those of one that has left just now, are handed on in ways that were not
         * watched. Where orphans come to us, another parent is a subreaper within the tree, which has ended since: what
         * it waited for has come to us with it. */
        if (member || adopter || ppid == row->parent.pid || !(row->has >> DN_parent_pid & 1))
                return 0;
        total = total_of(row);
        r = total ? lose(ledger, total, taken_away) : -ENOMEM;
        free(total);
        return r;
}

int dn_lost_look(struct dn_lost *lost, const struct dn_snapshot *now, const struct dn_snapshot *last,
                 const struct dn_members *members, int64_t adopter, struct dn_ledger *ledger) {
        const struct dn_table *rows = &now->part[DN_PROCESS];
        int r = look_at_pending(lost, now, ledger);

        forget_judged(lost);
        for (uint32_t i = 0; i < rows->n && r == 0; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                if (row->gone)
                        r = vanished(lost, row, last, now->mono_ns, members, adopter, ledger);
                else if (dn_row_or_zero(row, DN_ignores_sigchld))
                        ledger->lower_bound = dn_ledger_ignored;
        }
        return r;
}
