/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/summary_energy.h"

#define BLOCK(part, name, ...) \
        _Static_assert(DN_##part != DN_RAPL || DN_##part##_##name - DN_FIRST_##part < DN_SUMMARY_ENERGY_ROOM, "room");
#include "model/fields.def"

void dn_summary_energy_add(struct dn_summary_energy *e, const struct denet_record *r) {
        const struct dn_table *rows = &r->sample->part[DN_RAPL];
        const struct dn_row *row = rows->n > 0 ? dn_table_row(rows, 0) : NULL;

        for (uint64_t has = row ? row->has : 0; has; has &= has - 1) {
                int i = __builtin_ctzll(has);
                int64_t sum = row->v[i];

                if (r->kind != DN_EXIT && __builtin_add_overflow(e->uj[i], row->v[i], &sum))
                        continue;
                e->uj[i] = sum;
                e->has |= UINT64_C(1) << i;
        }
}
