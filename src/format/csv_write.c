/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/csv_write.h"

/* No name and no number needs a quote. */
void dn_csv_header(struct dn_text *text) {
        dn_text_put(text, DN_STR("ts_ms,elapsed_us"));
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_field_is_written(id, DN_WHOLE)) {
                        dn_text_put_char(text, ',');
                        dn_text_put(text, dn_fields[id].name);
                }
        dn_text_put_char(text, '\n');
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
        for (int id = 0; id < DN_FIELDS; id++) {
                int64_t value;

                if (!dn_field_is_written(id, DN_WHOLE))
                        continue;
                dn_text_put_char(text, ',');
                if (dn_row_get(whole, id, &value))
                        dn_text_put_fixed(text, value, dn_unit_decimals(dn_fields[id].unit));
        }
        dn_text_put_char(text, '\n');
        return true;
}
