/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/derive.h"

#include <errno.h>

/* The row of the same process further down a table that is in the same order; the place to go on from is kept. What
 * stands before it there has gone since, or `key` is newer than the table: then nothing moves. */
static const struct dn_row *follow(const struct dn_table *table, uint32_t *at, struct dn_key key) {
        for (uint32_t i = *at; i < table->n; i++) {
                const struct dn_row *row = dn_table_row(table, i);

                if (!dn_key_equal(row->key, key))
                        continue;
                *at = i + 1;
                return row;
        }
        return NULL;
}

static int64_t cpu_us(const struct dn_row *row) {
        return row ? dn_row_or_zero(row, DN_cpu_user_secs) + dn_row_or_zero(row, DN_cpu_system_secs) : 0;
}

/* In hundredths of a percent; a process that is new since the last snapshot ran for all of its time between the two. */
static void set_cpu_usage(struct dn_row *out, const struct dn_row *now, const struct dn_row *last, int64_t last_ns) {
        int64_t span_ns = now->read_ns - (last ? last->read_ns : last_ns);
        int64_t used_us = cpu_us(now) - cpu_us(last);

        if (span_ns <= 0 || !(now->has >> DN_cpu_user_secs & 1))
                return;
        if (used_us < 0)
                used_us = 0;
        dn_row_set(out, DN_cpu_usage, (int64_t)(((__int128)used_us * 10000000 + span_ns / 2) / span_ns), out->changed);
}

/* A value changes in the snapshot where it is read and, being a rate, once more in the one after. */
static uint32_t changed(const struct dn_row *now, uint32_t number) {
        return now->changed + 1 < number ? now->changed + 1 : number;
}

static void derive_row(struct dn_row *out, int part, const struct dn_row *first, const struct dn_row *last,
                       int64_t last_ns, const struct dn_row *now, uint32_t number) {
        out->key = now->key;
        out->parent = now->parent;
        out->name = now->name;
        out->read_ns = now->read_ns;
        out->slot = now->slot;
        out->changed = changed(now, number);
        for (uint64_t has = now->has; has; has &= has - 1) {
                int id = __builtin_ctzll(has);
                int64_t value = now->v[id];

                if (!dn_field_is_written(id, part))
                        continue;
                if (dn_fields[id].nature == DN_COUNTER && first) {
                        value -= dn_row_or_zero(first, id);
                        value = value < 0 ? 0 : value;
                }
                out->v[id] = value;
                out->has |= UINT64_C(1) << id;
        }
        set_cpu_usage(out, now, last, last_ns);
}

static void set_uptime(struct dn_row *out, const struct dn_row *now, int64_t boot_ns) {
        int64_t started_ms;

        if (dn_row_get(now, DN_started_at_ms, &started_ms))
                dn_row_set(out, DN_uptime_secs, (boot_ns / 1000000 - started_ms) / 1000, out->changed);
}

static int derive_processes(const struct dn_snapshot *first, const struct dn_snapshot *last,
                            const struct dn_snapshot *now, struct dn_key main, struct dn_sample *s) {
        const struct dn_table *rows = &now->part[DN_PROCESS];
        uint32_t in_first = 0, in_last = 0;

        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i), *from, *before;
                struct dn_row *out;

                if (dn_row_ended(row))
                        continue;
                from = follow(&first->part[DN_PROCESS], &in_first, row->key);
                before = follow(&last->part[DN_PROCESS], &in_last, row->key);
                out = dn_table_add(&s->part[DN_PROCESS]);
                if (!out)
                        return -ENOMEM;
                derive_row(out, DN_PROCESS, from, before, last->mono_ns, row, now->number);
                set_uptime(out, row, now->boot_ns);
                s->main_lives |= dn_key_equal(row->key, main);
        }
        return 0;
}

static int derive_whole(const struct dn_snapshot *first, const struct dn_snapshot *last, const struct dn_snapshot *now,
                        struct dn_sample *s) {
        struct dn_row *out = dn_table_add(&s->part[DN_WHOLE]);
        int64_t oldest = 0;

        if (!out)
                return -ENOMEM;
        derive_row(out, DN_WHOLE, dn_snapshot_whole(first), dn_snapshot_whole(last), last->mono_ns,
                   dn_snapshot_whole(now), now->number);
        for (uint32_t i = 0; i < s->part[DN_PROCESS].n; i++) {
                int64_t uptime = dn_row_or_zero(dn_table_row(&s->part[DN_PROCESS], i), DN_uptime_secs);

                oldest = uptime > oldest ? uptime : oldest;
        }
        if (s->part[DN_PROCESS].n > 0)
                dn_row_set(out, DN_uptime_secs, oldest, now->number);
        return 0;
}

/* A block has one row, and no rates. */
static int derive_block(int part, const struct dn_snapshot *first, const struct dn_snapshot *now, struct dn_sample *s) {
        const struct dn_row *row = now->part[part].n > 0 ? dn_table_row(&now->part[part], 0) : NULL;
        const struct dn_row *from = first->part[part].n > 0 ? dn_table_row(&first->part[part], 0) : NULL;
        struct dn_row *out = row ? dn_block_row(s->part, part) : NULL;

        if (!out)
                return row ? -ENOMEM : 0;
        out->read_ns = row->read_ns;
        for (uint64_t has = row->has; has; has &= has - 1) {
                int id = dn_part_first(part) + __builtin_ctzll(has);
                int64_t value = dn_row_or_zero(row, id);

                if (dn_fields[id].nature == DN_COUNTER && from)
                        value -= dn_row_or_zero(from, id);
                dn_row_set(out, id, value < 0 ? 0 : value, now->number);
        }
        return 0;
}

int dn_derive(const struct dn_snapshot *first, int64_t first_unix_ms, const struct dn_snapshot *last,
              const struct dn_snapshot *now, struct dn_key main, struct dn_sample *s) {
        s->number = now->number;
        s->elapsed_us = (now->mono_ns - first->mono_ns) / 1000;
        s->unix_ms = first_unix_ms + s->elapsed_us / 1000;
        s->main_lives = false;
        for (int part = 0; part < DN_PARTS; part++)
                s->part[part].n = 0;
        if (derive_processes(first, last, now, main, s) < 0 || derive_whole(first, last, now, s) < 0)
                return -ENOMEM;
        for (int part = DN_BLOCKS; part < DN_PARTS; part++)
                if (derive_block(part, first, now, s) < 0)
                        return -ENOMEM;
        return 0;
}

void dn_sample_free(struct dn_sample *s) {
        for (int part = 0; part < DN_PARTS; part++)
                dn_table_free(&s->part[part]);
}
