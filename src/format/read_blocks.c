/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/read_blocks.h"

struct reading {
        struct dn_scan *scan;
        struct dn_sample *sample;
        struct dn_texts *texts;
};

static void take_words(struct dn_scan *scan, int id, struct dn_row *row) {
        int64_t words = 0;
        struct dn_str word;

        if (!dn_scan_array(scan))
                return;
        while (dn_scan_element(scan)) {
                int bit = dn_scan_string(scan, &word) ? dn_word_find(id, word) : -1;

                if (bit >= 0)
                        words |= INT64_C(1) << bit;
        }
        dn_row_set(row, id, words, row->changed);
}

/* Texts of an array, a line each. */
static void take_lines(const struct reading *r, int id, struct dn_row *row) {
        struct dn_text *text = r->texts->text;
        size_t from = text->n, n;

        if (!dn_scan_array(r->scan))
                return;
        while (dn_scan_element(r->scan)) {
                n = text->n;
                (void)dn_texts_take(r->texts, r->scan);
                if (text->n > n)
                        text->p[text->n - 1] = '\n';
        }
        if (text->n > from)
                text->p[text->n - 1] = '\0';
        dn_row_set_text(row, id, text->n > from ? text->p + from : dn_texts_keep(r->texts, DN_STR("")).p, row->changed);
}

static void take_flag(struct dn_scan *scan, int id, struct dn_row *row) {
        bool flag;

        if (dn_scan_bool(scan, &flag))
                dn_row_set(row, id, flag, row->changed);
        else
                dn_row_unset(row, id, row->changed);
}

/* No number of a block is below 0. */
static void take_field(const struct reading *r, int id, struct dn_row *row) {
        int64_t value;

        if (dn_fields[id].unit == DN_WORDS)
                take_words(r->scan, id, row);
        else if (dn_fields[id].unit == DN_LINES)
                take_lines(r, id, row);
        else if (dn_fields[id].unit == DN_FLAG)
                take_flag(r->scan, id, row);
        else if (dn_fields[id].unit == DN_TEXT) {
                if (dn_scan_peek(r->scan) == DN_SCAN_STRING)
                        dn_row_set_text(row, id, dn_texts_take(r->texts, r->scan).p, row->changed);
                else
                        dn_scan_skip(r->scan);
        } else if (dn_scan_steps(r->scan, dn_unit_decimals(dn_fields[id].unit), &value) && value >= 0)
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

static void take_part(const struct reading *r, int part);

/* A member of a block: a field of it, or a block within. `row` may be NULL. */
static void take_member(const struct reading *r, int part, struct dn_str key, struct dn_row *row, int *next) {
        int id = find(part, key, *next), inner;

        if (id >= 0 && row) {
                take_field(r, id, row);
                *next = id + 1;
                return;
        }
        inner = id < 0 ? dn_part_find_in(part, key) : -1;
        if (inner >= 0)
                take_part(r, inner);
        else
                dn_scan_skip(r->scan);
}

static struct dn_row *new_row(const struct reading *r, int part) {
        struct dn_row *row = dn_block_add(r->sample->part, part);

        if (!row) {
                r->texts->no_memory = true;
                return NULL;
        }
        row->changed = r->sample->number;
        return row;
}

/* One of an array: a number that is not said is that of its place. */
static void take_row(const struct reading *r, int part) {
        int next = dn_part_first(part);
        struct dn_row *row;
        struct dn_str key;

        if (!dn_scan_object(r->scan))
                return;
        row = new_row(r, part);
        if (row)
                row->key.pid = r->sample->part[part].n - 1;
        while (dn_scan_member(r->scan, &key))
                if (row && dn_str_equal(key, dn_block(part)->number)) {
                        if (!dn_scan_i64(r->scan, &row->key.pid))
                                row->key.pid = r->sample->part[part].n - 1;
                } else
                        take_member(r, part, key, row, &next);
}

static void take_rows(const struct reading *r, int part) {
        if (!dn_scan_array(r->scan))
                return;
        r->sample->part[part].n = 0;
        while (dn_scan_element(r->scan))
                take_row(r, part);
}

/* A member that has no name of a key is passed over. */
static void take_named(const struct reading *r, int part, struct dn_str name) {
        int next = dn_part_first(part);
        struct dn_row *row;
        struct dn_str key;
        struct dn_key who;

        if (!dn_key_of(name, &who)) {
                dn_scan_skip(r->scan);
                return;
        }
        if (!dn_scan_object(r->scan))
                return;
        row = new_row(r, part);
        if (row)
                row->key = who;
        while (dn_scan_member(r->scan, &key))
                take_member(r, part, key, row, &next);
}

static void take_map(const struct reading *r, int part) {
        struct dn_str name;

        if (!dn_scan_object(r->scan))
                return;
        r->sample->part[part].n = 0;
        while (dn_scan_member(r->scan, &name))
                take_named(r, part, name);
}

static void take_part(const struct reading *r, int part) {
        int next = dn_part_first(part);
        struct dn_str key;

        if (dn_part_has_rows(part)) {
                (dn_block(part)->map ? take_map : take_rows)(r, part);
                return;
        }
        if (!dn_scan_object(r->scan))
                return;
        r->sample->part[part].n = 0;
        (void)new_row(r, part);
        while (dn_scan_member(r->scan, &key)) {
                struct dn_table *rows = &r->sample->part[part];

                take_member(r, part, key, rows->n > 0 ? dn_table_row(rows, 0) : NULL, &next);
        }
}

bool dn_read_block(struct dn_scan *scan, struct dn_str key, struct dn_sample *s, struct dn_texts *texts) {
        struct reading r = {scan, s, texts};
        int part = dn_part_find_in(DN_NOTHING, key);

        if (part < 0)
                return false;
        take_part(&r, part);
        return true;
}
