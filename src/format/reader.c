/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/reader.h"
#include "format/legacy.h"
#include "format/read_blocks.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* Times beyond this (142,000 years of milliseconds) are nobody's: their differences stay within 64 bits in any unit. */
static const int64_t time_limit = INT64_C(1) << 52;

/* A line on its way to a record. */
struct parse {
        struct dn_reader *reader;
        struct dn_scan scan;
        struct dn_texts texts;
        bool tagged, no_memory;
        int kind;
        int64_t ts_ms, t0_ms; /* -1: not met */
        int hint;
        struct dn_shape shape;
};

static int64_t take_number(struct parse *p, int decimals, int64_t limit) {
        int64_t value;

        return dn_scan_steps(&p->scan, decimals, &value) && value >= 0 && value <= limit ? value : -1;
}

/* A row at the end of a part, as good as read from a kernel: its own slot, changed just now. */
static struct dn_row *add_row(struct parse *p, int part) {
        struct dn_sample *s = &p->reader->sample;
        struct dn_row *row = dn_table_add(&s->part[part]);

        if (!row) {
                p->no_memory = true;
                return NULL;
        }
        row->name = DN_STR("");
        row->slot = s->part[part].n - 1;
        row->changed = s->number;
        return row;
}

static int find_field(struct parse *p, struct dn_str key) {
        int id = dn_field_find_next(key, &p->hint);

        return id >= 0 ? id : dn_legacy_field(key);
}

/* No metric is below 0. */
static void take_value(struct parse *p, int id, struct dn_row *row) {
        int64_t value = take_number(p, dn_unit_decimals(dn_fields[id].unit), INT64_MAX);

        if (value >= 0)
                dn_row_set(row, id, value, row->changed);
        else
                dn_row_unset(row, id, row->changed);
}

/* The value of this key into the row, if that is a field of this part. */
static void take_field(struct parse *p, struct dn_str key, int part, struct dn_row *row) {
        int id = find_field(p, key);

        if (id >= 0 && dn_field_is_written(id, part))
                take_value(p, id, row);
        else
                dn_scan_skip(&p->scan);
}

/* A block of the whole: of a process there are none. */
static bool take_block(struct parse *p, struct dn_str key) {
        return dn_read_block(&p->scan, key, &p->reader->sample, &p->texts);
}

/* A member of a metrics object that is not as it was last time. Returns the field, or `last` where it is none. */
static int take_other(struct parse *p, struct dn_str key, int part, struct dn_row *row, struct dn_known *known,
                      int last) {
        int id;

        if (dn_str_equal(key, DN_STR("ts_ms"))) {
                row->read_ns = take_number(p, 0, time_limit);
                return last;
        }
        if (part == DN_WHOLE && take_block(p, key))
                return last;
        id = find_field(p, key);
        if (id < 0 || !dn_field_is_written(id, part)) {
                dn_scan_skip(&p->scan);
                return last;
        }
        take_value(p, id, row);
        dn_known_learn(known, last, id);
        return id;
}

/* A metrics object. Until the line is read, read_ns holds ts_ms, or -1. False: it is none. */
static bool take_metrics(struct parse *p, int part, struct dn_row *row, struct dn_known *known) {
        int id, last = DN_NOTHING;
        struct dn_str key;

        row->read_ns = -1;
        if (dn_known_begin(&p->scan, &row->read_ns))
                row->read_ns = row->read_ns <= time_limit ? row->read_ns : -1;
        else if (!dn_scan_object(&p->scan))
                return false;
        p->hint = 0;
        while ((id = dn_known_fields(&p->scan, known, &last, row)) != DN_KNOWN_LEFT)
                if (id >= 0)
                        take_value(p, id, row);
                else if (dn_scan_member(&p->scan, &key))
                        last = take_other(p, key, part, row, known, last);
                else {
                        dn_known_learn(known, last, DN_KNOWN_LEFT);
                        break;
                }
        return true;
}

static void take_parent(struct parse *p) {
        struct dn_sample *s = &p->reader->sample;
        struct dn_row *row;

        p->shape.tree = true;
        if (!p->reader->children) {
                dn_scan_skip(&p->scan);
                return;
        }
        row = dn_table_row(&s->part[DN_PROCESS], 0);
        row->has = 0;
        s->main_lives = take_metrics(p, DN_PROCESS, row, &p->reader->parent);
}

static void take_child(struct parse *p) {
        struct dn_row *row = NULL;
        struct dn_str key, name;
        int64_t pid;
        bool known = dn_known_child(&p->scan, &pid, &name);

        if (!known && !dn_scan_object(&p->scan))
                return;
        row = add_row(p, DN_PROCESS);
        if (row)
                row->read_ns = -1;
        if (known && row) {
                row->key.pid = pid;
                row->name = dn_texts_keep(&p->texts, name);
                take_metrics(p, DN_PROCESS, row, &p->reader->child);
        } else if (known)
                dn_scan_skip(&p->scan);
        while (dn_scan_member(&p->scan, &key))
                if (row && dn_str_equal(key, DN_STR("pid")))
                        row->key.pid = take_number(p, 0, INT64_MAX);
                else if (row && dn_str_equal(key, DN_STR("command")))
                        row->name = dn_texts_take(&p->texts, &p->scan);
                else if (row && dn_str_equal(key, DN_STR("metrics")))
                        take_metrics(p, DN_PROCESS, row, &p->reader->child);
                else
                        dn_scan_skip(&p->scan);
}

/* Those that nobody wants are read all the same, one over the other: that is faster than to skip them, and as strict.
 */
static void take_children(struct parse *p) {
        struct dn_table *processes = &p->reader->sample.part[DN_PROCESS];

        p->shape.tree = true;
        processes->n = 1;
        if (!dn_scan_array(&p->scan))
                return;
        while (dn_scan_element(&p->scan)) {
                take_child(p);
                if (!p->reader->children)
                        processes->n = 1;
        }
}

/* The whole's row, anew. */
static struct dn_row *whole_row(struct parse *p) {
        p->reader->sample.part[DN_WHOLE].n = 0;
        return add_row(p, DN_WHOLE);
}

static void take_aggregated(struct parse *p) {
        struct dn_row *row = whole_row(p);

        p->shape.tree = true;
        if (!row)
                dn_scan_skip(&p->scan);
        else if (!take_metrics(p, DN_WHOLE, row, &p->reader->whole))
                p->reader->sample.part[DN_WHOLE].n = 0;
}

static void take_totals(struct parse *p) {
        static const struct {
                struct dn_str key;
                size_t at;
                int decimals;
        } numbers[] = {
                {DN_STR("wall_secs"), offsetof(struct dn_exit, wall_us), 6},
                {DN_STR("peak_mem_rss_kb"), offsetof(struct dn_exit, peak_rss_kb), 0},
                {DN_STR("peak_mem_rss_sum_kb"), offsetof(struct dn_exit, peak_rss_sum_kb), 0},
                {DN_STR("peak_mem_rss_process_kb"), offsetof(struct dn_exit, peak_rss_process_kb), 0},
                {DN_STR("processes_seen"), offsetof(struct dn_exit, processes_seen), 0},
                {DN_STR("lost_records"), offsetof(struct dn_exit, lost_records), 0},
        };
        struct dn_row *row;
        struct dn_str key;

        if (!dn_scan_object(&p->scan))
                return;
        row = whole_row(p);
        while (dn_scan_member(&p->scan, &key)) {
                size_t i = 0;

                while (i < DN_COUNT(numbers) && !dn_str_equal(key, numbers[i].key))
                        i++;
                if (i < DN_COUNT(numbers)) {
                        int64_t value = take_number(p, numbers[i].decimals, INT64_MAX);

                        memcpy((char *)&p->reader->exit + numbers[i].at, &value, sizeof(value));
                } else if (row)
                        take_field(p, key, DN_WHOLE, row);
                else
                        dn_scan_skip(&p->scan);
        }
}

static void take_lower_bound(struct parse *p) {
        struct dn_str key;

        if (!dn_scan_object(&p->scan))
                return;
        while (dn_scan_member(&p->scan, &key))
                if (dn_str_equal(key, DN_STR("reason")))
                        p->reader->exit.lower_bound = dn_texts_take(&p->texts, &p->scan);
                else
                        dn_scan_skip(&p->scan);
}

static void take_kind(struct parse *p) {
        static const struct {
                struct dn_str name;
                int kind;
        } kinds[] = {
                {DN_STR("tree"), DN_TREE},
                {DN_STR("sample"), DN_SAMPLE},
                {DN_STR("child"), DN_CHILD},
                {DN_STR("metadata"), DN_METADATA},
                {DN_STR("exit"), DN_EXIT},
                {DN_STR("env"), DN_ENV},
                {DN_STR("aggregated"), DN_AGGREGATED},
        };
        struct dn_str name;

        p->tagged = true;
        p->kind = 0;
        if (!dn_scan_string(&p->scan, &name))
                return;
        for (size_t i = 0; i < DN_COUNT(kinds); i++)
                if (dn_str_equal(name, kinds[i].name))
                        p->kind = kinds[i].kind;
}

static void take_ts(struct parse *p) {
        p->ts_ms = take_number(p, 0, time_limit);
}

static void take_t0(struct parse *p) {
        p->t0_ms = take_number(p, 0, time_limit);
}

static void take_elapsed(struct parse *p) {
        p->reader->sample.elapsed_us = take_number(p, 0, time_limit);
}

static void take_command(struct parse *p) {
        p->shape.command = true;
        dn_scan_skip(&p->scan);
}

static void take_last_sample(struct parse *p) {
        p->reader->exit.last_sample_to_exit_ms = take_number(p, 0, time_limit);
}

static void take_code(struct parse *p) {
        p->reader->exit.code = (int)take_number(p, 0, INT_MAX);
}

static void take_signal(struct parse *p) {
        p->reader->exit.signal = (int)take_number(p, 0, INT_MAX);
}

static void take_still_running(struct parse *p) {
        p->reader->exit.still_running = take_number(p, 0, INT64_MAX);
}

/* The value of a key at the top of the line; within another object of ours the same name may mean something else.
 * Returns the field, or `last` where it is none. */
static int take_member(struct parse *p, struct dn_str key, int last) {
        static const struct {
                struct dn_str key;
                void (*take)(struct parse *p);
        } members[] = {
                {DN_STR("kind"), take_kind},
                {DN_STR("ts_ms"), take_ts},
                {DN_STR("elapsed_us"), take_elapsed},
                {DN_STR("parent"), take_parent},
                {DN_STR("children"), take_children},
                {DN_STR("aggregated"), take_aggregated},
                {DN_STR("t0_ms"), take_t0},
                {DN_STR("cmd"), take_command},
                {DN_STR("executable"), take_command},
                {DN_STR("last_sample_to_exit_ms"), take_last_sample},
                {DN_STR("exit_code"), take_code},
                {DN_STR("signal"), take_signal},
                {DN_STR("lower_bound"), take_lower_bound},
                {DN_STR("still_running"), take_still_running},
                {DN_STR("totals"), take_totals},
        };

        int id;

        for (size_t i = 0; i < DN_COUNT(members); i++)
                if (dn_str_equal(key, members[i].key)) {
                        members[i].take(p);
                        return last;
                }
        if (take_block(p, key))
                return last;
        id = find_field(p, key);
        if (id < 0) {
                dn_scan_skip(&p->scan);
                return last;
        }
        p->shape.fields = true;
        p->shape.count |= id == DN_process_count;
        take_value(p, id, p->reader->flat);
        if (dn_field_is_written(id, DN_PROCESS) || dn_field_is_written(id, DN_WHOLE))
                dn_known_learn(&p->reader->top, last, id);
        return id;
}

/* All of the line; of a flat one, the metrics that come as they came last time at once. */
static void take_members(struct parse *p) {
        struct dn_row *flat = p->reader->flat;
        struct dn_known *known = &p->reader->top;
        int id, last = DN_NOTHING;
        struct dn_str key;

        if (!dn_scan_object(&p->scan))
                return;
        while ((id = dn_known_fields(&p->scan, known, &last, flat)) != DN_KNOWN_LEFT)
                if (id >= 0) {
                        p->shape.count |= id == DN_process_count;
                        take_value(p, id, flat);
                } else if (dn_scan_member(&p->scan, &key))
                        last = take_member(p, key, last);
                else
                        break;
        p->shape.fields |= last != DN_NOTHING;
        p->shape.count |= dn_row_has(flat, DN_process_count);
}

/* Empty, but for a place for the main process, which stands first wherever it comes in the line. */
static int begin(struct parse *p) {
        struct dn_reader *reader = p->reader;
        struct dn_sample *s = &reader->sample;

        if (!reader->flat)
                reader->flat = dn_row_new();
        if (!reader->flat)
                return -ENOMEM;
        reader->flat->has = 0;
        dn_text_reset(&reader->scratch);
        s->number++;
        s->elapsed_us = -1;
        s->main_lives = false;
        for (int part = 0; part < DN_PARTS; part++)
                s->part[part].n = 0;
        reader->exit = (struct dn_exit){.last_sample_to_exit_ms = -1, .code = -1, .signal = -1, .wall_us = -1};
        reader->exit.peak_rss_kb = reader->exit.peak_rss_sum_kb = reader->exit.peak_rss_process_kb = -1;
        reader->exit.processes_seen = reader->exit.still_running = -1;
        return add_row(p, DN_PROCESS) ? 0 : -ENOMEM;
}

static void drop_first(struct dn_table *table) {
        table->n--;
        memmove(table->rows, table->rows + table->width, (size_t)table->n * table->width);
}

/* A flat line is of one process, which is its own whole. */
static void spread_flat(struct parse *p) {
        struct dn_sample *s = &p->reader->sample;
        struct dn_table *processes = &s->part[DN_PROCESS];
        struct dn_row *whole = whole_row(p), *own = dn_table_row(processes, 0);
        const struct dn_row *flat = p->reader->flat;

        if (!whole)
                return;
        s->main_lives = p->kind == DN_SAMPLE;
        processes->n = 1;
        own->has = 0;
        own->read_ns = -1;
        for (uint64_t has = flat->has; has; has &= has - 1) {
                int id = __builtin_ctzll(has);

                if (dn_field_is_written(id, s->main_lives ? DN_PROCESS : DN_WHOLE) && dn_fields[id].tree != DN_ABSENT)
                        dn_row_set(whole, id, flat->v[id], whole->changed);
                if (dn_field_is_written(id, DN_PROCESS))
                        dn_row_set(own, id, flat->v[id], own->changed);
        }
}

/* Of a row that has its own ts_ms in read_ns: when it was read, from the sample's moment on. */
static void set_read_ns(struct dn_table *table, int64_t unix_ms) {
        for (uint32_t i = 0; i < table->n; i++) {
                struct dn_row *row = dn_table_row(table, i);

                if (row->read_ns < 0 || __builtin_mul_overflow(row->read_ns - unix_ms, 1000000, &row->read_ns))
                        row->read_ns = 0;
        }
}

static bool is_sampled(int kind) {
        return kind == DN_TREE || kind == DN_SAMPLE || kind == DN_AGGREGATED;
}

/* All of the line was read: does it come to a record? */
static int finish(struct parse *p, struct denet_record *ret_record) {
        struct dn_sample *s = &p->reader->sample;
        struct denet_record r = {.kind = p->tagged ? p->kind : dn_legacy_kind(&p->shape)};

        if (p->no_memory || p->texts.no_memory || p->reader->scratch.failed)
                return -ENOMEM;
        if (!dn_scan_end(&p->scan) || r.kind == 0 || (r.kind == DN_TREE && !p->shape.tree))
                return -EBADMSG;
        p->kind = r.kind;
        if (p->ts_ms < 0 && r.kind != DN_METADATA && r.kind != DN_ENV)
                return -EBADMSG;
        r.unix_ms = p->ts_ms >= 0 ? p->ts_ms : p->t0_ms >= 0 ? p->t0_ms : 0;
        if (r.kind == DN_SAMPLE || r.kind == DN_AGGREGATED)
                spread_flat(p);
        if (p->no_memory)
                return -ENOMEM;
        if (!s->main_lives) /* children stand behind a place that nobody takes */
                drop_first(&s->part[DN_PROCESS]);
        s->unix_ms = r.unix_ms;
        set_read_ns(&s->part[DN_PROCESS], r.unix_ms);
        if (dn_sample_whole(s))
                dn_table_row(&s->part[DN_WHOLE], 0)->read_ns = 0;
        if (is_sampled(r.kind) || (r.kind == DN_EXIT && dn_sample_whole(s)))
                r.sample = s;
        if (r.kind == DN_EXIT)
                r.exit = &p->reader->exit;
        *ret_record = r;
        return 0;
}

int dn_reader_line(struct dn_reader *reader, struct dn_str line, struct denet_record *ret_record) {
        struct parse p = {.reader = reader, .ts_ms = -1, .t0_ms = -1};
        int r;

        line = dn_str_trim(line);
        if (line.n == 0)
                return -ENODATA;
        if (begin(&p) < 0)
                return -ENOMEM;
        p.scan = dn_scan_of(line);
        p.texts = (struct dn_texts){&reader->scratch, line.n, false};
        take_members(&p);
        r = finish(&p, ret_record);
        if (r == 0 && !p.tagged) {
                dn_legacy_tag(&reader->tagged, ret_record->kind, line);
                if (!dn_text_cstr(&reader->tagged))
                        return -ENOMEM;
                line = dn_text_str(&reader->tagged);
        }
        if (r == 0)
                ret_record->text = line;
        return r;
}

void dn_reader_free(struct dn_reader *reader) {
        for (int part = 0; part < DN_PARTS; part++)
                dn_table_free(&reader->sample.part[part]);
        free(reader->flat);
        dn_text_free(&reader->scratch);
        dn_text_free(&reader->tagged);
        *reader = (struct dn_reader){.children = reader->children};
}
