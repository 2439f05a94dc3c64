/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/baseline.h"

#include <errno.h>
#include <stdlib.h>

static void take_row(struct dn_used *used, const struct dn_row *row, uint64_t from_zero) {
        int64_t *v = used->v;

        for (uint64_t bits = dn_counter_bits; bits; bits &= bits - 1, v++) {
                int id = __builtin_ctzll(bits);

                *v = from_zero >> id & 1 ? 0 : row->v[id];
        }
}

static int take_processes(struct dn_baseline *b, const struct dn_table *rows, uint64_t from_zero) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < rows->n; i++)
                if (dn_table_row(rows, i)->slot >= n)
                        n = dn_table_row(rows, i)->slot + 1;
        if (n == 0)
                return 0;
        b->by_slot = calloc(n, sizeof(*b->by_slot));
        if (!b->by_slot)
                return -ENOMEM;
        b->n = n;
        for (uint32_t i = 0; i < rows->n; i++)
                take_row(&b->by_slot[dn_table_row(rows, i)->slot], dn_table_row(rows, i), from_zero);
        return 0;
}

int dn_baseline_take(struct dn_baseline *b, const struct dn_snapshot *first, uint64_t from_zero) {
        struct dn_row *whole;

        b->at.number = first->number;
        b->at.mono_ns = first->mono_ns;
        b->at.boot_ns = first->boot_ns;
        for (int part = DN_PROCESS + 1; part < DN_PARTS; part++)
                if (dn_table_copy(&b->at.part[part], &first->part[part]) < 0)
                        return -ENOMEM;
        whole = dn_snapshot_whole(&b->at);
        for (uint64_t bits = whole ? from_zero : 0; bits; bits &= bits - 1)
                dn_row_unset(whole, __builtin_ctzll(bits), whole->changed);
        return take_processes(b, &first->part[DN_PROCESS], from_zero);
}

/* Slots are used again, by those who come later. */
const struct dn_used *dn_baseline_of(const struct dn_baseline *b, const struct dn_row *row) {
        return row->admitted <= b->at.number && row->slot < b->n ? &b->by_slot[row->slot] : NULL;
}

void dn_baseline_free(struct dn_baseline *b) {
        dn_snapshot_free(&b->at);
        free(b->by_slot);
        *b = (struct dn_baseline){0};
}
