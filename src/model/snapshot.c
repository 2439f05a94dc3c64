/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/snapshot.h"
#include "model/ledger.h"

#include <errno.h>

/* What `to` holds is of the snapshot numbered `made`, before `from`'s; 0: of none. Most processes sleep, and most rows
 * find themselves in their place with the values that they have: those are not copied. */
static int copy_living(struct dn_table *to, const struct dn_table *from, uint32_t made) {
        uint32_t before = to->n, kept = 0;

        if (dn_table_reserve(to, from->n, from->width) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < from->n; i++) {
                const struct dn_row *row = dn_table_row(from, i);
                struct dn_row *out = dn_table_row(to, kept);

                if (row->gone)
                        continue;
                if (kept < before && row->changed <= made && dn_key_equal(out->key, row->key))
                        *out = *row; /* all but its values */
                else
                        memcpy(out, row, from->width);
                kept++;
        }
        to->n = kept;
        return 0;
}

int dn_snapshot_begin(struct dn_snapshot *now, const struct dn_snapshot *last, int64_t mono_ns, int64_t boot_ns) {
        uint32_t made = last && now->number < last->number ? now->number : 0;

        now->number = last ? last->number + 1 : 1;
        now->mono_ns = mono_ns;
        now->boot_ns = boot_ns;
        now->counted.n = 0;
        for (int part = 0; part < DN_PARTS; part++) {
                if (!last)
                        now->part[part].n = 0;
                else if (copy_living(&now->part[part], &last->part[part], part == DN_PROCESS ? made : 0) < 0)
                        return -ENOMEM;
        }
        if (now->part[DN_WHOLE].n == 0 && !dn_table_add(&now->part[DN_WHOLE]))
                return -ENOMEM;
        return 0;
}

int dn_snapshot_admit(struct dn_snapshot *now, const struct dn_member *member, struct dn_key parent,
                      struct dn_row **ret_row) {
        struct dn_row *row = dn_table_add(&now->part[DN_PROCESS]);

        if (!row)
                return -ENOMEM;
        row->key = member->key;
        row->parent = parent;
        row->slot = member->slot;
        row->name = dn_member_name(member);
        row->changed = row->admitted = now->number;
        *ret_row = row;
        return 0;
}

struct dn_row *dn_snapshot_find(const struct dn_snapshot *s, struct dn_key key) {
        const struct dn_table *table = &s->part[DN_PROCESS];

        for (uint32_t i = 0; i < table->n; i++) {
                struct dn_row *row = dn_table_row(table, i);

                if (dn_key_equal(row->key, key))
                        return row->gone ? NULL : row;
        }
        return NULL;
}

const struct dn_row *dn_snapshot_follow(const struct dn_snapshot *there, struct dn_trail *trail,
                                        const struct dn_row *row, uint32_t i) {
        const struct dn_table *table = &there->part[DN_PROCESS];
        uint32_t at = trail->theirs + (i - trail->ours); /* where none of those between has left */

        if (row->admitted > there->number)
                return NULL;
        if (at >= table->n || !dn_key_equal(dn_table_row(table, at)->key, row->key))
                for (at = trail->theirs; at < table->n && !dn_key_equal(dn_table_row(table, at)->key, row->key);)
                        at++;
        if (at >= table->n)
                return NULL;
        *trail = (struct dn_trail){at + 1, i + 1};
        return dn_table_row(table, at);
}

struct dn_row *dn_snapshot_whole(const struct dn_snapshot *s) {
        return s->part[DN_WHOLE].n ? dn_table_row(&s->part[DN_WHOLE], 0) : NULL;
}

void dn_snapshot_leave(struct dn_snapshot *last, const struct dn_ledger *ledger) {
        for (uint32_t i = 0; i < ledger->n_left; i++) {
                /* One that was never seen has no start, and no row. */
                struct dn_row *row = ledger->left[i].start ? dn_snapshot_find(last, ledger->left[i]) : NULL;

                if (row)
                        row->gone = true;
        }
}

void dn_snapshot_free(struct dn_snapshot *s) {
        for (int part = 0; part < DN_PARTS; part++)
                dn_table_free(&s->part[part]);
        dn_table_free(&s->counted);
}
