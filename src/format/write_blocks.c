/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/write_blocks.h"

static void write_block(struct dn_json *json, int part, const struct dn_row *row) {
        dn_json_key(json, dn_part_name(part));
        dn_json_object(json);
        for (uint64_t has = row->has; has; has &= has - 1) {
                int index = __builtin_ctzll(has);
                const struct dn_field *f = &dn_fields[dn_part_first(part) + index];

                dn_json_key_fixed(json, f->name, row->v[index], dn_unit_decimals(f->unit));
        }
        dn_json_object_end(json);
}

void dn_write_blocks(struct dn_json *json, const struct dn_sample *s) {
        for (int part = DN_BLOCKS; part < DN_PARTS; part++)
                if (s->part[part].n > 0)
                        write_block(json, part, dn_table_row(&s->part[part], 0));
}
