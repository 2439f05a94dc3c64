/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/derive.h"

#include <errno.h>

static const uint32_t shown_size = sizeof(struct dn_row) + DN_SHOWN * sizeof(int64_t);

static int64_t cpu_us(const struct dn_row *row) {
        return row ? dn_row_or_zero(row, DN_cpu_user_secs) + dn_row_or_zero(row, DN_cpu_system_secs) : 0;
}

/* In hundredths of a percent, rounded. */
static int64_t percent(int64_t used_us, int64_t span_ns) {
        const int64_t scale = 10000000, fits = INT64_C(500000000000);

        if (used_us < fits)
                return (used_us * scale + span_ns / 2) / span_ns;
        return (int64_t)(((__int128)used_us * scale + span_ns / 2) / span_ns);
}

/* What there was before: who is new since the last snapshot ran for all of its time between the two. */
struct before {
        int64_t cpu_us, read_ns;
};

static struct before before_of(const struct dn_row *last, int64_t last_ns) {
        return last ? (struct before){cpu_us(last), last->read_ns} : (struct before){0, last_ns};
}

static void set_cpu_usage(struct dn_row *out, const struct dn_row *now, struct before before) {
        int64_t span_ns = now->read_ns - before.read_ns;
        int64_t used_us = cpu_us(now) - before.cpu_us;

        if (span_ns <= 0 || !(now->has >> DN_cpu_user_secs & 1))
                return;
        dn_row_set(out, DN_cpu_usage, used_us > 0 ? percent(used_us, span_ns) : 0, out->changed);
}

/* A value changes in the snapshot where it is read and, being a rate, once more in the one after. */
static uint32_t changed(const struct dn_row *now, uint32_t number) {
        return now->changed + 1 < number ? now->changed + 1 : number;
}

/* The values that a user sees, … */
static void derive_values(struct dn_row *out, int part, const struct dn_row *now) {
        out->has = now->has & dn_written_bits(part);
        for (uint64_t has = out->has; has; has &= has - 1)
                out->v[__builtin_ctzll(has)] = now->v[__builtin_ctzll(has)];
}

static int64_t less(int64_t value, int64_t from) {
        return value > from ? value - from : 0;
}

/* … those that grow counted from the first: what is not known is 0. */
static void count_from(struct dn_row *out, const struct dn_row *first) {
        for (uint64_t bits = first ? dn_counter_bits : 0; bits; bits &= bits - 1)
                out->v[__builtin_ctzll(bits)] = less(out->v[__builtin_ctzll(bits)], first->v[__builtin_ctzll(bits)]);
}

static void count_from_used(struct dn_row *out, const struct dn_used *used) {
#define FIELD(part, name, unit, nature, ...) \
        if (DN_##nature == DN_COUNTER) \
                out->v[DN_##name] = less(out->v[DN_##name], used->v[DN_USED_##name]);
#include "model/fields.def"
}

static void derive_row(struct dn_row *out, int part, const struct dn_row *now, uint32_t number) {
        out->key = now->key;
        out->parent = now->parent;
        out->name = now->name;
        out->read_ns = now->read_ns;
        out->slot = now->slot;
        out->admitted = now->admitted;
        out->changed = changed(now, number);
        derive_values(out, part, now);
}

/* `last` is its row in the last snapshot, which may be the first one. */
static void derive_process(struct dn_row *out, const struct dn_baseline *first, const struct dn_row *last,
                           const struct dn_snapshot *last_of, const struct dn_row *now, uint32_t number) {
        const struct dn_used *used = dn_baseline_of(first, now);
        struct before before = before_of(last, last_of->mono_ns);

        if (last_of->number == first->at.number && used)
                before.cpu_us = used->v[DN_USED_cpu_user_secs] + used->v[DN_USED_cpu_system_secs];
        derive_row(out, DN_PROCESS, now, number);
        if (used)
                count_from_used(out, used);
        set_cpu_usage(out, now, before);
}

/* Returns it; 0 where it is not known. */
static int64_t set_uptime(struct dn_row *out, const struct dn_row *now, int64_t boot_ms) {
        int64_t started_ms, uptime;

        if (!dn_row_get(now, DN_started_at_ms, &started_ms))
                return 0;
        uptime = boot_ms > started_ms ? (boot_ms - started_ms) / 1000 : 0; /* it may have begun since the pass has */
        dn_row_set(out, DN_uptime_secs, uptime, out->changed);
        return uptime;
}

/* The row stands in the sample from the time before, and nothing of it has changed but the time. */
static bool stands(const struct dn_table *rows, uint32_t n, const struct dn_row *now, uint32_t number) {
        return n < rows->n && changed(now, number) < number && dn_key_equal(dn_table_row(rows, n)->key, now->key) &&
               dn_table_row(rows, n)->changed == changed(now, number);
}

/* The row with this place in the sample, emptied. NULL without memory. */
static struct dn_row *row_at(struct dn_table *rows, uint32_t n) {
        struct dn_row *row;

        if (n >= rows->n) {
                rows->width = shown_size;
                return dn_table_add(rows);
        }
        row = dn_table_row(rows, n);
        memset(row, 0, rows->width);
        return row;
}

/* What the sample holds is of the time before: in the same order, so most rows find themselves in their place. */
static int derive_processes(const struct dn_baseline *first, const struct dn_snapshot *last,
                            const struct dn_snapshot *now, struct dn_key main, struct dn_sample *s,
                            int64_t *ret_oldest_secs) {
        const struct dn_table *rows = &now->part[DN_PROCESS];
        struct dn_table *listed = &s->part[DN_PROCESS];
        struct dn_trail in_last = {0};
        uint32_t n = 0;
        int64_t uptime, oldest = 0;

        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i), *before;
                struct dn_row *out;

                if (dn_row_ended(row))
                        continue;
                if (stands(listed, n, row, now->number)) {
                        out = dn_table_row(listed, n);
                        out->read_ns = row->read_ns;
                } else {
                        before = dn_snapshot_follow(last, &in_last, row, i);
                        out = row_at(listed, n);
                        if (!out)
                                return -ENOMEM;
                        derive_process(out, first, before, last, row, now->number);
                }
                uptime = set_uptime(out, row, now->boot_ns / 1000000);
                oldest = uptime > oldest ? uptime : oldest;
                s->main_lives |= dn_key_equal(row->key, main);
                n++;
        }
        listed->n = n;
        *ret_oldest_secs = oldest;
        return 0;
}

static int derive_whole(const struct dn_snapshot *first, const struct dn_snapshot *last, const struct dn_snapshot *now,
                        int64_t oldest_secs, struct dn_sample *s) {
        struct dn_row *out = dn_table_add(&s->part[DN_WHOLE]);

        if (!out)
                return -ENOMEM;
        derive_row(out, DN_WHOLE, dn_snapshot_whole(now), now->number);
        count_from(out, dn_snapshot_whole(first));
        set_cpu_usage(out, dn_snapshot_whole(now), before_of(dn_snapshot_whole(last), last->mono_ns));
        if (s->part[DN_PROCESS].n > 0)
                dn_row_set(out, DN_uptime_secs, oldest_secs, now->number);
        return 0;
}

/* Looked for first behind the last one that was found: rows that stay keep their order. */
static const struct dn_row *same_row(const struct dn_snapshot *s, int part, const struct dn_row *row, uint32_t *hint) {
        const struct dn_table *rows = &s->part[part];
        const struct dn_row *found = dn_table_find(rows, row->key, *hint);

        if (found)
                *hint = (uint32_t)(((const unsigned char *)found - rows->rows) / rows->width) + 1;
        return found;
}

/* What was not there before is counted from 0: its source says what that means. */
static void derive_block_row(struct dn_row *out, int part, const struct dn_row *first, const struct dn_row *last,
                             const struct dn_row *row, uint32_t number) {
        out->key = row->key;
        out->name = row->name;
        out->read_ns = row->read_ns;
        for (uint64_t has = row->has; has; has &= has - 1) {
                int id = dn_part_first(part) + __builtin_ctzll(has), nature = dn_fields[id].nature;
                const struct dn_row *from = nature == DN_COUNTER ? first : nature == DN_DELTA ? last : NULL;
                int64_t value = row->v[__builtin_ctzll(has)];

                if (from)
                        value -= dn_row_or_zero(from, id);
                dn_row_set(out, id, from && value < 0 ? 0 : value, number);
        }
}

int dn_derive_blocks(const struct dn_snapshot *first, const struct dn_snapshot *last, const struct dn_snapshot *now,
                     struct dn_sample *s) {
        for (int part = DN_BLOCKS; part < DN_PARTS; part++) {
                const struct dn_table *rows = &now->part[part];
                uint32_t in_first = 0, in_last = 0;

                s->part[part].n = 0;
                for (uint32_t i = 0; i < rows->n; i++) {
                        const struct dn_row *row = dn_table_row(rows, i);
                        struct dn_row *out = dn_block_add(s->part, part);

                        if (!out)
                                return -ENOMEM;
                        derive_block_row(out, part, same_row(first, part, row, &in_first),
                                         same_row(last, part, row, &in_last), row, now->number);
                }
        }
        return 0;
}

int dn_derive(const struct dn_baseline *first, int64_t first_unix_ms, const struct dn_snapshot *last,
              const struct dn_snapshot *now, struct dn_key main, struct dn_sample *s) {
        /* What is counted from 0 had been used by then, and is in the first snapshot. */
        const struct dn_snapshot *from = last->number == first->at.number ? &first->at : last;
        int64_t oldest_secs;

        s->number = now->number;
        s->elapsed_us = (now->mono_ns - first->at.mono_ns) / 1000;
        s->unix_ms = first_unix_ms + s->elapsed_us / 1000;
        s->main_lives = false;
        s->part[DN_WHOLE].n = 0;
        if (derive_processes(first, last, now, main, s, &oldest_secs) < 0 ||
            derive_whole(&first->at, from, now, oldest_secs, s) < 0)
                return -ENOMEM;
        return dn_derive_blocks(&first->at, from, now, s);
}

void dn_sample_free(struct dn_sample *s) {
        for (int part = 0; part < DN_PARTS; part++)
                dn_table_free(&s->part[part]);
}
