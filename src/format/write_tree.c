/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/write_tree.h"
#include "format/write_blocks.h"
#include "format/writer.h"

/* The key of each field as it stands in a record behind another, padded, so that copying it takes no look at its size.
 */
struct key {
        char text[32];
        uint8_t n, decimals;
};

#define FIELD(part, name, unit, ...) \
        [DN_##name] = {",\"" #name "\":", sizeof(",\"" #name "\":") - 1, DN_DECIMALS_##unit},
static const struct key keys[DN_FIELDS] = {
#include "model/fields.def"
};
#define FIELD(part, name, ...) \
        _Static_assert(sizeof(",\"" #name "\":") <= sizeof(keys[0].text), "the key of " #name " fits");
#include "model/fields.def"

enum { FIELDS_ROOM = DN_FIELDS * (sizeof(keys[0].text) + DN_NUMBER_MAX) };

/* The members of a metrics object that a row has by this part, uptime_secs left out; one stands before them. Returns
 * the place behind; there is room for all. */
static char *put_fields(char *p, const struct dn_row *row, int part) {
        uint64_t has = row->has & dn_written_bits(part) & ~(UINT64_C(1) << DN_uptime_secs);

        for (; has; has &= has - 1) {
                int id = __builtin_ctzll(has);
                const struct key *key = &keys[id];

                memcpy(p, key->text, sizeof(key->text));
                p = dn_put_fixed(p + key->n, row->v[id], key->decimals);
        }
        return p;
}

static void write_fields(struct dn_json *json, const struct dn_row *row, int part) {
        char *p = dn_text_reserve(json->text, FIELDS_ROOM);

        if (p)
                json->text->n += (size_t)(put_fields(p, row, part) - p);
}

static void write_uptime(struct dn_json *json, const struct dn_row *row) {
        int64_t uptime;

        if (dn_row_get(row, DN_uptime_secs, &uptime))
                dn_json_key_i64(json, dn_fields[DN_uptime_secs].name, uptime);
}

/* What comes before the number of ts_ms: of a child `{"pid":7,"command":"x","metrics":{"ts_ms":`, of the main process
 * the last part of it alone. */
static void write_opening(struct dn_json *json, const struct dn_row *row, bool child) {
        dn_json_object(json);
        if (child) {
                dn_json_key_i64(json, DN_STR("pid"), row->key.pid);
                dn_json_key_string(json, DN_STR("command"), row->name);
                dn_json_key(json, DN_STR("metrics"));
                dn_json_object(json);
        }
        dn_json_key(json, DN_STR("ts_ms"));
}

enum { NAME_ESCAPED = UINT16_MAX };

/* Where in an opening of n bytes, which ends at `end`, its name stands, if that is as it is. */
static void note_name(struct dn_kept *place, const char *end, size_t n, struct dn_str name) {
        static const struct dn_str behind = {"\",\"metrics\":{\"ts_ms\":", sizeof("\",\"metrics\":{\"ts_ms\":") - 1};
        const char *p = end - behind.n - name.n;

        place->n_name = NAME_ESCAPED;
        if (n < behind.n + name.n + 1 || p[-1] != '"' || !dn_str_equal((struct dn_str){p, name.n}, name))
                return;
        place->n_name = (uint16_t)name.n;
        place->name_at = (uint16_t)(n - behind.n - name.n);
}

/* `place` may be NULL. */
static void make_opening(struct dn_text *text, const struct dn_row *row, bool child, struct dn_kept *place) {
        enum { MOST_KEPT = 4096 };
        struct dn_json json = {.text = text};
        size_t from = text->n, n;

        write_opening(&json, row, child);
        n = text->n - from;
        if (!place || text->failed)
                return;
        place->key = row->key;
        place->child = child;
        place->n_opening = n <= MOST_KEPT ? (uint16_t)n : 0;
        if (child)
                note_name(place, text->p + text->n, n, row->name);
}

/* What stands at `text` opens this row still. */
static bool is_opening(const struct dn_kept *place, const char *text, const struct dn_row *row, bool child) {
        if (place->child != child || !dn_key_equal(place->key, row->key))
                return false;
        return !child || dn_str_equal((struct dn_str){text + place->name_at, place->n_name}, row->name);
}

static char *put_str(char *p, struct dn_str s) {
        memcpy(p, s.p, s.n);
        return p + s.n;
}

/* ts_ms of a row is when it was read; a sample's moment is when its whole was. Of most rows it is the same as of the
 * one before. */
struct stamp {
        int64_t unix_ms, whole_ns; /* the sample's */
        int64_t ms;
        size_t n; /* 0: not made yet */
        char digits[DN_NUMBER_MAX];
};

static struct stamp stamp_of(const struct denet_record *r, const struct dn_row *whole) {
        return (struct stamp){.unix_ms = r->unix_ms, .whole_ns = whole ? whole->read_ns : INT64_MIN};
}

static char *put_stamp(char *p, struct stamp *s, const struct dn_row *row) {
        int64_t ms = s->unix_ms - (s->whole_ns == INT64_MIN ? 0 : (s->whole_ns - row->read_ns) / 1000000);

        if (s->n == 0 || ms != s->ms) {
                s->ms = ms;
                s->n = (size_t)(dn_put_fixed(s->digits, ms, 0) - s->digits);
        }
        return put_str(p, (struct dn_str){s->digits, s->n});
}

static char *put_uptime(char *p, const struct dn_row *row) {
        int64_t uptime;

        if (!dn_row_get(row, DN_uptime_secs, &uptime))
                return p;
        p = put_str(p, (struct dn_str){keys[DN_uptime_secs].text, keys[DN_uptime_secs].n});
        return dn_put_fixed(p, uptime, 0);
}

/* What is on its way to the front. */
static char *move_str(char *p, const char *from, size_t n) {
        memmove(p, from, n);
        return p + n;
}

/* The opening of a row. True: it is as in the record before, in whose text it stands at `before`. */
static bool put_opening(struct dn_text *text, const struct dn_row *row, bool child, const struct dn_kept_texts *kept,
                        struct dn_kept *place, size_t before) {
        if (!place || !dn_kept_stands(kept, place, text->n) || !is_opening(place, text->p + before, row, child)) {
                make_opening(text, row, child, place);
                return false;
        }
        text->n = (size_t)(move_str(text->p + text->n, text->p + before, place->n_opening) - text->p);
        return true;
}

/* A row of the sample: in `children`, or as the parent. What has not changed goes to the front as it stands, but for
 * what always moves. */
static void write_process(struct dn_text *text, const struct denet_record *r, const struct dn_row *row, bool child,
                          struct stamp *stamp, struct dn_kept_texts *kept) {
        enum { REST_ROOM = 4 * DN_NUMBER_MAX };
        struct dn_kept *place = dn_kept_place(kept, row->slot);
        size_t begins = text->n, before = place ? kept->before + place->at : 0;
        bool same = put_opening(text, row, child, kept, place, before) && row->changed <= place->made;
        char *p = dn_text_reserve(text, FIELDS_ROOM + REST_ROOM), *fields;

        if (!p)
                return;
        fields = put_stamp(p, stamp, row);
        p = same ? move_str(fields, text->p + before + place->fields_at, place->n_fields)
                 : put_fields(fields, row, DN_PROCESS);
        if (place) {
                place->at = begins - kept->begins;
                place->record = kept->record;
                place->made = r->sample->number;
                place->fields_at = (uint16_t)((size_t)(fields - text->p) - begins);
                place->n_fields = (uint16_t)(p - fields);
        }
        p = put_uptime(p, row);
        p = put_str(p, child ? DN_STR("}}") : DN_STR("}"));
        text->n = (size_t)(p - text->p);
}

static void write_head(struct dn_json *json, struct dn_str kind, const struct denet_record *r) {
        dn_json_object(json);
        dn_json_key_string(json, DN_STR("kind"), kind);
        dn_json_key_i64(json, DN_STR("ts_ms"), r->unix_ms);
        if (r->sample->elapsed_us >= 0)
                dn_json_key_i64(json, DN_STR("elapsed_us"), r->sample->elapsed_us);
}

static void write_whole(struct dn_json *json, const struct denet_record *r, const struct dn_row *whole) {
        dn_json_object(json);
        dn_json_key_i64(json, DN_STR("ts_ms"), r->unix_ms);
        write_fields(json, whole, DN_WHOLE);
        write_uptime(json, whole);
        dn_write_blocks(json, r->sample);
        dn_json_object_end(json);
}

void dn_write_tree(struct dn_text *text, const struct denet_record *r, struct dn_kept_texts *kept, int list,
                   uint32_t since) {
        const struct dn_table *rows = &r->sample->part[DN_PROCESS];
        const struct dn_row *whole = dn_sample_whole(r->sample);
        bool main_lives = r->sample->main_lives && rows->n > 0, first = true;
        struct stamp stamp = stamp_of(r, whole);
        struct dn_json json = {.text = text};

        write_head(&json, DN_STR("tree"), r);
        dn_json_key(&json, DN_STR("parent"));
        if (main_lives)
                write_process(text, r, dn_table_row(rows, 0), false, &stamp, kept);
        else
                dn_json_null(&json);
        json.comma = true;
        dn_json_key(&json, DN_STR("children"));
        dn_json_array(&json);
        for (uint32_t i = main_lives; i < rows->n && list != DN_LIST_NONE; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                if (list == DN_LIST_ACTIVE && row->changed <= since)
                        continue;
                if (!first)
                        dn_text_put_char(text, ',');
                first = false;
                write_process(text, r, row, true, &stamp, kept);
        }
        dn_json_array_end(&json);
        dn_json_key(&json, DN_STR("aggregated"));
        if (whole)
                write_whole(&json, r, whole);
        else
                dn_json_null(&json);
        dn_json_object_end(&json);
}

/* The whole of one process is that process, but for what has no sum: its core. */
void dn_write_sample(struct dn_text *text, const struct denet_record *r) {
        const struct dn_table *rows = &r->sample->part[DN_PROCESS];
        const struct dn_row *whole = dn_sample_whole(r->sample);
        const struct dn_row *own = r->sample->main_lives && rows->n > 0 ? dn_table_row(rows, 0) : NULL;
        struct dn_json json = {.text = text};

        write_head(&json, DN_STR("sample"), r);
        for (int id = 0; id < DN_FIELDS; id++) {
                const struct dn_row *row = dn_fields[id].tree == DN_ABSENT ? own : whole;
                int64_t value;

                if (id != DN_uptime_secs && dn_field_is_written(id, DN_PROCESS) && row && dn_row_get(row, id, &value))
                        dn_json_key_fixed(&json, dn_fields[id].name, value, dn_unit_decimals(dn_fields[id].unit));
        }
        if (whole)
                write_uptime(&json, whole);
        dn_write_blocks(&json, r->sample);
        dn_json_object_end(&json);
}
