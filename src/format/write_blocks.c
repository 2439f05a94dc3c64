/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/write_blocks.h"

static void write_words(struct dn_json *json, int id, uint64_t words) {
        dn_json_array(json);
        for (; words; words &= words - 1) {
                struct dn_str word = dn_word_at(id, __builtin_ctzll(words));

                if (word.n > 0)
                        dn_json_string(json, word);
        }
        dn_json_array_end(json);
}

static void write_lines(struct dn_json *json, struct dn_str text) {
        struct dn_str line;

        dn_json_array(json);
        while (dn_str_cut(&text, '\n', &line))
                dn_json_string(json, line);
        dn_json_array_end(json);
}

static void write_field(struct dn_json *json, int id, int64_t value) {
        const struct dn_field *f = &dn_fields[id];

        dn_json_key(json, f->name);
        if (f->unit == DN_TEXT)
                dn_json_string(json, dn_str_of((const char *)(intptr_t)value));
        else if (f->unit == DN_LINES)
                write_lines(json, dn_str_of((const char *)(intptr_t)value));
        else if (f->unit == DN_FLAG)
                dn_json_bool(json, value);
        else if (f->unit == DN_WORDS)
                write_words(json, id, (uint64_t)value);
        else
                dn_json_fixed(json, value, dn_unit_decimals(f->unit));
}

static void write_fields(struct dn_json *json, int part, const struct dn_row *row) {
        for (uint64_t has = row->has; has; has &= has - 1) {
                int index = __builtin_ctzll(has);

                write_field(json, dn_part_first(part) + index, row->v[index]);
        }
}

static void write_rows(struct dn_json *json, int part, const struct dn_table *rows) {
        dn_json_key(json, dn_part_name(part));
        dn_json_array(json);
        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                dn_json_object(json);
                dn_json_key_i64(json, dn_block(part)->number, row->key.pid);
                write_fields(json, part, row);
                dn_json_object_end(json);
        }
        dn_json_array_end(json);
}

static void write_map(struct dn_json *json, int part, const struct dn_table *rows) {
        char name[DN_KEY_NAME];

        dn_json_key(json, dn_part_name(part));
        dn_json_object(json);
        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                dn_json_key(json, dn_key_name(row->key, name));
                dn_json_object(json);
                write_fields(json, part, row);
                dn_json_object_end(json);
        }
        dn_json_object_end(json);
}

/* The parts that there is anything of, in them or within them: a bit each. */
_Static_assert(DN_PARTS <= 64, "a bit a part");
static uint64_t find_parts(const struct dn_sample *s) {
        uint64_t found = 0;

        for (int part = DN_BLOCKS; part < DN_PARTS; part++)
                for (int of = part; s->part[part].n > 0 && of != DN_NOTHING && !(found >> of & 1);
                     of = dn_block(of)->of)
                        found |= UINT64_C(1) << of;
        return found;
}

static void write_part(struct dn_json *json, const struct dn_sample *s, uint64_t found, int part);

/* Those that stand in this one, or at the top. */
static void write_within(struct dn_json *json, const struct dn_sample *s, uint64_t found, int of) {
        for (uint64_t left = found; left; left &= left - 1)
                if (dn_block(__builtin_ctzll(left))->of == of)
                        write_part(json, s, found, __builtin_ctzll(left));
}

static void write_part(struct dn_json *json, const struct dn_sample *s, uint64_t found, int part) {
        if (dn_part_has_rows(part)) {
                (dn_block(part)->map ? write_map : write_rows)(json, part, &s->part[part]);
                return;
        }
        dn_json_key(json, dn_part_name(part));
        dn_json_object(json);
        if (s->part[part].n > 0)
                write_fields(json, part, dn_table_row(&s->part[part], 0));
        write_within(json, s, found, part);
        dn_json_object_end(json);
}

void dn_write_blocks(struct dn_json *json, const struct dn_sample *s) {
        write_within(json, s, find_parts(s), DN_NOTHING);
}
