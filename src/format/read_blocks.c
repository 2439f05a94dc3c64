/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/read_blocks.h"

/* No number of a block is below 0. */
static void take_field(struct dn_scan *scan, int id, struct dn_row *row) {
        int64_t value;

        if (dn_scan_steps(scan, dn_unit_decimals(dn_fields[id].unit), &value) && value >= 0)
                dn_row_set(row, id, value, row->changed);
        else
                dn_row_unset(row, id, row->changed);
}

/* Names come in the table's order, as a rule: `next` is where to look first. */
static int find(int part, struct dn_str key, int next) {
        if (next < DN_ALL_FIELDS && dn_fields[next].part == part && dn_str_equal(dn_fields[next].name, key))
                return next;
        return dn_field_find_in(part, key);
}

bool dn_read_block(struct dn_scan *scan, struct dn_str key, struct dn_sample *s, bool *no_memory) {
        int part = dn_part_find(key), next;
        struct dn_row *row;

        if (part < 0)
                return false;
        if (!dn_scan_object(scan))
                return true;
        s->part[part].n = 0;
        row = dn_block_row(s->part, part);
        if (row)
                row->changed = s->number;
        else
                *no_memory = true;
        next = dn_part_first(part);
        while (dn_scan_member(scan, &key)) {
                int id = row ? find(part, key, next) : -1;

                if (id >= 0) {
                        take_field(scan, id, row);
                        next = id + 1;
                } else
                        dn_scan_skip(scan);
        }
        return true;
}
