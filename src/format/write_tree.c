/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/write_tree.h"
#include "base/slots.h"
#include "format/write_blocks.h"
#include "format/writer.h"

#include <stdlib.h>

/* The key of each field as it stands in a record behind another, padded, so that copying it takes no look at its size.
 */
struct key {
        char text[32];
        uint8_t n, decimals;
};

#define FIELD(part, name, unit, ...) \
        [DN_##name] = {",\"" #name "\":", sizeof(",\"" #name "\":") - 1, DN_DECIMALS_##unit},
#define INNER(...)
#define PART(...)
#define BLOCK(...)
static const struct key keys[DN_FIELDS] = {
#include "model/fields.def"
};
#undef FIELD
#define FIELD(part, name, ...) \
        _Static_assert(sizeof(",\"" #name "\":") <= sizeof(keys[0].text), "the key of " #name " fits");
#include "model/fields.def"
#undef FIELD
#undef INNER
#undef PART
#undef BLOCK

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

void dn_kept_forget(struct dn_kept_texts *kept, uint32_t slot) {
        if (slot >= kept->room)
                return;
        free(kept->by_slot[slot].text);
        kept->by_slot[slot] = (struct dn_kept){0};
}

void dn_kept_free(struct dn_kept_texts *kept) {
        for (uint32_t i = 0; i < kept->room; i++)
                free(kept->by_slot[i].text);
        free(kept->by_slot);
        *kept = (struct dn_kept_texts){0};
}

/* The place of this slot; NULL without memory, and then nothing is kept. */
static struct dn_kept *place_of(struct dn_kept_texts *kept, uint32_t slot) {
        struct dn_kept *by_slot = dn_slots_reserve(kept->by_slot, &kept->room, slot, sizeof(*by_slot));

        if (!by_slot)
                return NULL;
        kept->by_slot = by_slot;
        return &by_slot[slot];
}

static void keep(struct dn_kept *place, const struct dn_row *row, uint32_t number, struct dn_str text) {
        char *copy = text.n > place->room ? realloc(place->text, text.n) : place->text;

        place->made = 0;
        if (!copy)
                return; /* no memory, or nothing is known of it */
        place->text = copy;
        place->room = (uint32_t)(text.n > place->room ? text.n : place->room);
        place->n = (uint32_t)text.n;
        memcpy(copy, text.p, text.n);
        place->key = row->key;
        place->made = number;
}

/* The fields of a process: copied where they stand since they were kept. They are kept when they are made for the
 * second time, and nothing has changed: of one that is busy a copy would be of no use. */
static void write_kept_fields(struct dn_json *json, const struct dn_row *row, uint32_t number,
                              struct dn_kept_texts *kept) {
        struct dn_kept *place = place_of(kept, row->slot);
        size_t from = json->text->n;

        if (place && place->made && row->changed <= place->made && dn_key_equal(place->key, row->key)) {
                dn_text_put(json->text, (struct dn_str){place->text, place->n});
                return;
        }
        write_fields(json, row, DN_PROCESS);
        if (place && row->changed < number && !json->text->failed)
                keep(place, row, number, (struct dn_str){json->text->p + from, json->text->n - from});
}

/* A sample's moment is when its whole was read; a row's own is before or after it. */
static int64_t row_unix_ms(const struct denet_record *r, const struct dn_row *row) {
        const struct dn_row *whole = dn_sample_whole(r->sample);

        return whole ? r->unix_ms - (whole->read_ns - row->read_ns) / 1000000 : r->unix_ms;
}

static void write_process(struct dn_json *json, const struct denet_record *r, const struct dn_row *row,
                          struct dn_kept_texts *kept) {
        dn_json_object(json);
        dn_json_key_i64(json, DN_STR("ts_ms"), row_unix_ms(r, row));
        write_kept_fields(json, row, r->sample->number, kept);
        write_uptime(json, row);
        dn_json_object_end(json);
}

static void write_child(struct dn_json *json, const struct denet_record *r, const struct dn_row *row,
                        struct dn_kept_texts *kept) {
        dn_json_object(json);
        dn_json_key_i64(json, DN_STR("pid"), row->key.pid);
        dn_json_key_string(json, DN_STR("command"), row->name);
        dn_json_key(json, DN_STR("metrics"));
        write_process(json, r, row, kept);
        dn_json_object_end(json);
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
        bool main_lives = r->sample->main_lives && rows->n > 0;
        struct dn_json json = {.text = text};

        write_head(&json, DN_STR("tree"), r);
        dn_json_key(&json, DN_STR("parent"));
        if (main_lives)
                write_process(&json, r, dn_table_row(rows, 0), kept);
        else
                dn_json_null(&json);
        dn_json_key(&json, DN_STR("children"));
        dn_json_array(&json);
        for (uint32_t i = main_lives; i < rows->n && list != DN_LIST_NONE; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                if (list == DN_LIST_ALL || row->changed > since)
                        write_child(&json, r, row, kept);
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
