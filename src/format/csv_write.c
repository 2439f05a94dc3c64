/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/csv_write.h"

bool dn_csv_has(int id) {
        if (id < DN_FIELDS)
                return dn_field_is_written(id, DN_WHOLE);
        return !dn_unit_is_text(dn_fields[id].unit) && dn_fields[id].unit != DN_WORDS &&
               !dn_part_has_rows(dn_fields[id].part);
}

/* No name and no number needs a quote. */
void dn_csv_header(struct dn_text *text) {
        dn_text_put(text, DN_STR("ts_ms,elapsed_us"));
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_field_is_written(id, DN_WHOLE)) {
                        dn_text_put_char(text, ',');
                        dn_text_put(text, dn_fields[id].name);
                }
        for (int id = DN_FIELDS; id < DN_ALL_FIELDS; id++) {
                if (!dn_csv_has(id))
                        continue;
                dn_text_put_char(text, ',');
                dn_text_put(text, dn_block(dn_fields[id].part)->path);
                dn_text_put_char(text, '.');
                dn_text_put(text, dn_fields[id].name);
        }
        dn_text_put_char(text, '\n');
}

/* A cell; empty where there is no such row, or it does not know the value. */
static void put_cell(struct dn_text *text, const struct dn_row *row, int id) {
        int64_t value;

        dn_text_put_char(text, ',');
        if (row && dn_row_get(row, id, &value))
                dn_text_put_fixed(text, value, dn_unit_decimals(dn_fields[id].unit));
}

bool dn_csv_row(struct dn_text *text, const struct denet_record *r) {
        bool has_row = r->kind == DN_TREE || r->kind == DN_SAMPLE || r->kind == DN_AGGREGATED;
        const struct dn_row *whole = has_row && r->sample ? dn_sample_whole(r->sample) : NULL;

        if (!whole)
                return false;
        dn_text_put_i64(text, r->unix_ms);
        dn_text_put_char(text, ',');
        if (r->sample->elapsed_us >= 0)
                dn_text_put_i64(text, r->sample->elapsed_us);
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_field_is_written(id, DN_WHOLE))
                        put_cell(text, whole, id);
        for (int id = DN_FIELDS; id < DN_ALL_FIELDS; id++) {
                const struct dn_table *block = &r->sample->part[dn_fields[id].part];

                if (dn_csv_has(id))
                        put_cell(text, block->n > 0 ? dn_table_row(block, 0) : NULL, id);
        }
        dn_text_put_char(text, '\n');
        return true;
}
