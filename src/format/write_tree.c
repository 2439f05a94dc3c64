/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/write_tree.h"
#include "format/write_blocks.h"
#include "format/writer.h"

#include <stdlib.h>

/* The members of a metrics object that a row has by this part, uptime_secs left out. */
static void write_fields(struct dn_json *json, const struct dn_row *row, int part) {
        for (uint64_t has = row->has & ~(UINT64_C(1) << DN_uptime_secs); has; has &= has - 1) {
                int id = __builtin_ctzll(has);

                if (dn_field_is_written(id, part))
                        dn_json_key_fixed(json, dn_fields[id].name, row->v[id], dn_unit_decimals(dn_fields[id].unit));
        }
}

static void write_uptime(struct dn_json *json, const struct dn_row *row) {
        int64_t uptime;

        if (dn_row_get(row, DN_uptime_secs, &uptime))
                dn_json_key_i64(json, dn_fields[DN_uptime_secs].name, uptime);
}

void dn_kept_forget(struct dn_kept_texts *kept, uint32_t slot) {
        if (slot >= kept->n)
                return;
        dn_text_free(&kept->by_slot[slot].text);
        kept->by_slot[slot].made = 0;
}

void dn_kept_free(struct dn_kept_texts *kept) {
        for (uint32_t i = 0; i < kept->n; i++)
                dn_text_free(&kept->by_slot[i].text);
        free(kept->by_slot);
        *kept = (struct dn_kept_texts){0};
}

/* The place of this slot; NULL without memory, and then nothing is kept. */
static struct dn_kept *place_of(struct dn_kept_texts *kept, uint32_t slot) {
        uint32_t n = kept->n ? kept->n : 16;
        struct dn_kept *by_slot;

        if (slot < kept->n)
                return &kept->by_slot[slot];
        while (n <= slot)
                n = n > UINT32_MAX / 2 ? UINT32_MAX : n * 2;
        by_slot = n > slot ? reallocarray(kept->by_slot, n, sizeof(*by_slot)) : NULL;
        if (!by_slot)
                return NULL;
        memset(by_slot + kept->n, 0, (n - kept->n) * sizeof(*by_slot));
        kept->by_slot = by_slot;
        kept->n = n;
        return &by_slot[slot];
}

/* The fields of a process, made anew where one has changed since they were kept. */
static void put_fields(struct dn_json *json, const struct dn_row *row, uint32_t number, struct dn_kept_texts *kept) {
        struct dn_kept *place = place_of(kept, row->slot);

        if (place && (!place->made || row->changed > place->made || !dn_key_equal(place->key, row->key))) {
                struct dn_json anew = {.text = &place->text, .comma = true};

                dn_text_reset(&place->text);
                write_fields(&anew, row, DN_PROCESS);
                place->key = row->key;
                place->made = place->text.failed ? 0 : number;
        }
        if (place && place->made)
                dn_text_put(json->text, dn_text_str(&place->text));
        else
                write_fields(json, row, DN_PROCESS);
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
        put_fields(json, row, r->sample->number, kept);
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
