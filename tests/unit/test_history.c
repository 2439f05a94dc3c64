/* SPDX-License-Identifier: GPL-3.0-or-later
 * Long random histories of a tree: processes come, run, sleep, are renamed, end, and their slots are used again. What
 * is kept from sample to sample is held against what is made afresh; the whole against a plain sum. */
#include "common.h"
#include "format/writer.h"
#include "model/accounts.h"
#include "model/derive.h"

#include <inttypes.h>

enum { SAMPLES = 1500, MOST = 40 };
static const int64_t ms = 1000000;

struct history {
        uint64_t random;
        struct dn_members members;
        struct dn_ledger ledger;
        struct dn_baseline first;
        struct dn_snapshot snapshots[2], *last, *now;
        struct dn_sample kept; /* updated from sample to sample */
        struct dn_writer *writer, *active;
        struct dn_table before; /* the process rows of the sample before */
        uint32_t listed;        /* the sample that the active writer made last */
        struct dn_key main;
        int64_t next_pid;
        uint64_t next_start;
};

static bool happens(struct history *h, uint32_t in) {
        return random_below(&h->random, in) == 0;
}

static void rename_row(struct history *h, struct dn_row *row) {
        static const char *const names[] = {"sleep", "cc1", "a name", "\xff\xfe", "sh"};
        struct dn_str name = dn_str_of(names[random_below(&h->random, DN_COUNT(names))]);
        struct dn_member *member = h->members.by_slot[row->slot];

        if (dn_member_is_named(member, name))
                return;
        row->name = dn_member_rename(member, name);
        row->changed = h->now->number;
}

static void come(struct history *h) {
        const struct dn_table *rows = &h->now->part[DN_PROCESS];
        struct dn_key parent =
                rows->n ? dn_table_row(rows, random_below(&h->random, rows->n))->key : (struct dn_key){0};
        struct dn_row *row;

        /* Pids are used again too, once they are nobody's. */
        do
                h->next_pid = h->next_pid % 97 + 1;
        while (dn_members_find(&h->members, h->next_pid));
        row = admit(h->now, &h->members, (struct dn_key){h->next_pid, h->next_start++}, parent);
        row->read_ns = h->now->mono_ns;
        dn_row_set(row, DN_started_at_ms, (int64_t)row->key.start, h->now->number);
        dn_row_set(row, DN_state, 'S', h->now->number);
        dn_row_set(row, DN_cpu_user_secs, 0, h->now->number);
        rename_row(h, row);
}

/* A counter grows, and now and then falls, as a clock may; the others are anything; any may be lost. */
static void change(struct history *h, struct dn_row *row) {
        uint32_t number = h->now->number;

        for (uint32_t i = random_below(&h->random, 6); i < 6; i++) {
                int id = (int)random_below(&h->random, DN_FIELDS);
                int64_t step = random_below(&h->random, 1000);

                if (dn_fields[id].part != DN_PROCESS || id == DN_state || id == DN_started_at_ms ||
                    dn_fields[id].nature == DN_DERIVED)
                        continue;
                if (dn_fields[id].nature == DN_COUNTER || dn_fields[id].of >= 0)
                        dn_row_set(row, id, dn_row_or_zero(row, id) + (happens(h, 20) ? -step / 2 : step), number);
                else if (happens(h, 10))
                        dn_row_unset(row, id, number);
                else
                        dn_row_set(row, id, step, number);
        }
        if (happens(h, 30))
                rename_row(h, row);
}

static void read_all(struct history *h) {
        const struct dn_table *rows = &h->now->part[DN_PROCESS];

        for (uint32_t i = 0; i < rows->n; i++) {
                struct dn_row *row = dn_table_row(rows, i);

                row->read_ns = h->now->mono_ns + random_below(&h->random, 1000);
                if (happens(h, 3) && dn_row_or_zero(row, DN_state) != 'Z')
                        change(h, row);
                if (happens(h, 100))
                        dn_row_set(row, DN_state, 'Z', h->now->number);
                else if (happens(h, 100))
                        row->gone = true;
        }
        while (rows->n < MOST && happens(h, 2))
                come(h);
}

static void end_some(struct history *h) {
        const struct dn_table *rows = &h->last->part[DN_PROCESS];

        for (uint32_t i = 0; i < rows->n; i++)
                if (happens(h, 200)) {
                        struct dn_end end = {.key = dn_table_row(rows, i)->key, .how = DN_END_REAPED};

                        end.last = happens(h, 2) ? dn_table_row(rows, i) : NULL;
                        assert_int_equal(dn_ledger_end(&h->ledger, &end), 0);
                }
        dn_snapshot_leave(h->last, &h->ledger);
        for (uint32_t i = 0; i < rows->n; i++)
                if (dn_table_row(rows, i)->gone) {
                        dn_members_remove(&h->members, dn_table_row(rows, i)->slot);
                        dn_writer_forget(h->writer, dn_table_row(rows, i)->slot);
                        dn_writer_forget(h->active, dn_table_row(rows, i)->slot);
                }
}

static void begin(struct history *h, uint64_t seed) {
        *h = (struct history){.random = seed, .writer = dn_writer_new(), .active = dn_writer_new(), .next_start = 1};
        dn_writer_list(h->active, 1);
        h->now = &h->snapshots[0];
        assert_int_equal(dn_snapshot_begin(h->now, NULL, 1000 * ms, 50000 * ms), 0);
        for (int i = 0; i < 5; i++)
                come(h);
        h->main = dn_table_row(&h->now->part[DN_PROCESS], 0)->key;
        read_all(h);
        dn_accounts_settle(h->now, NULL, &h->ledger);
        assert_int_equal(dn_baseline_take(&h->first, h->now, 0), 0);
        h->last = h->now;
        h->now = &h->snapshots[1];
}

static void next(struct history *h) {
        int64_t at_ns = h->last->mono_ns + (1 + random_below(&h->random, 200)) * ms;

        end_some(h);
        assert_int_equal(dn_snapshot_begin(h->now, h->last, at_ns, 49000 * ms + at_ns), 0);
        read_all(h);
        dn_accounts_settle(h->now, h->last, &h->ledger);
        dn_ledger_settled(&h->ledger);
}

static void turn(struct history *h) {
        struct dn_snapshot *last = h->last;

        h->last = h->now;
        h->now = last;
}

static void end(struct history *h) {
        dn_baseline_free(&h->first);
        dn_snapshot_free(&h->snapshots[0]);
        dn_snapshot_free(&h->snapshots[1]);
        dn_sample_free(&h->kept);
        dn_table_free(&h->before);
        dn_ledger_free(&h->ledger);
        dn_members_free(&h->members);
        dn_writer_free(h->writer);
        dn_writer_free(h->active);
}

static void derive(struct history *h, struct dn_sample *s) {
        assert_int_equal(dn_derive(&h->first, 5000, h->last, h->now, h->main, s), 0);
}

/* ------------------------------------------------------------------------------------- what is kept, and made afresh
 */

static void assert_same_row(const struct dn_row *a, const struct dn_row *b) {
        assert_true(dn_key_equal(a->key, b->key));
        assert_true(dn_key_equal(a->parent, b->parent));
        assert_true(dn_str_equal(a->name, b->name));
        assert_int_equal(a->slot, b->slot);
        assert_int_equal(a->read_ns, b->read_ns);
        assert_int_equal(a->admitted, b->admitted);
        assert_int_equal(a->changed, b->changed);
        assert_true(a->has == b->has);
        assert_memory_equal(a->v, b->v, DN_SHOWN * sizeof(int64_t));
}

static void assert_same_sample(const struct dn_sample *a, const struct dn_sample *b) {
        assert_int_equal(a->number, b->number);
        assert_int_equal(a->main_lives, b->main_lives);
        for (int part = 0; part < DN_PARTS; part++) {
                assert_int_equal(a->part[part].n, b->part[part].n);
                for (uint32_t i = 0; i < a->part[part].n; i++)
                        assert_same_row(dn_table_row(&a->part[part], i), dn_table_row(&b->part[part], i));
        }
}

static void a_sample_that_is_updated_equals_one_made_afresh(void **state) {
        for (uint64_t seed = 1; seed <= 4; seed++) {
                struct history h;

                begin(&h, seed);
                for (int i = 0; i < SAMPLES; i++) {
                        struct dn_sample fresh = {0};

                        next(&h);
                        /* A sample may be left out: what is kept is then of one before. */
                        if (!happens(&h, 10)) {
                                derive(&h, &h.kept);
                                derive(&h, &fresh);
                                assert_same_sample(&h.kept, &fresh);
                        }
                        dn_sample_free(&fresh);
                        turn(&h);
                }
                end(&h);
        }
}

/* ------------------------------------------------------------------------------------------------------ changes */

static const struct dn_row *find(const struct dn_table *rows, struct dn_key key) {
        for (uint32_t i = 0; i < rows->n; i++)
                if (dn_key_equal(dn_table_row(rows, i)->key, key))
                        return dn_table_row(rows, i);
        return NULL;
}

/* But for its age, which goes on by itself. */
static bool reads_the_same(const struct dn_row *a, const struct dn_row *b) {
        for (int id = 0; id < DN_SHOWN; id++)
                if (id != DN_uptime_secs && ((a->has >> id & 1) != (b->has >> id & 1) || a->v[id] != b->v[id]))
                        return false;
        return true;
}

static void a_row_that_reads_otherwise_says_that_it_changed(void **state) {
        struct history h;
        int same = 0;

        begin(&h, 5);
        for (int i = 0; i < SAMPLES; i++) {
                const struct dn_table *rows = &h.kept.part[DN_PROCESS];

                next(&h);
                derive(&h, &h.kept);
                for (uint32_t j = 0; j < rows->n; j++) {
                        const struct dn_row *row = dn_table_row(rows, j), *before = find(&h.before, row->key);

                        if (row->changed == h.kept.number)
                                continue;
                        assert_non_null(before);
                        assert_true(reads_the_same(row, before));
                        same++;
                }
                assert_int_equal(dn_table_copy(&h.before, rows), 0);
                turn(&h);
        }
        assert_true(same > SAMPLES); /* the most sleep */
        end(&h);
}

static struct denet_record record_of(const struct dn_sample *s, struct dn_writer *writer) {
        return (struct denet_record){.kind = DN_TREE, .unix_ms = s->unix_ms, .sample = s, .writer = writer};
}

/* Not every sample is asked for, as where nobody reads them. */
static void a_line_with_kept_texts_equals_one_made_afresh(void **state) {
        for (uint64_t seed = 6; seed <= 8; seed++) {
                struct history h;

                begin(&h, seed);
                for (int i = 0; i < SAMPLES; i++) {
                        struct dn_writer *fresh = dn_writer_new();
                        struct denet_record record, again;
                        struct dn_str line, expected;

                        next(&h);
                        derive(&h, &h.kept);
                        record = record_of(&h.kept, h.writer);
                        again = record_of(&h.kept, fresh);
                        if (!happens(&h, 10)) {
                                line = dn_writer_text(h.writer, &record);
                                expected = dn_writer_text(fresh, &again);
                                assert_int_equal(line.n, expected.n);
                                assert_memory_equal(line.p, expected.p, line.n);
                        }
                        dn_writer_free(fresh);
                        turn(&h);
                }
                end(&h);
        }
}

static bool lists(struct dn_str line, int64_t pid) {
        char member[40];
        int n = snprintf(member, sizeof(member), "{\"pid\":%" PRId64 ",", pid);

        return memmem(line.p, line.n, member, (size_t)n) != NULL;
}

/* Who changed since the record before; and once more, since its rate has fallen. */
static void active_children_are_those_that_changed(void **state) {
        struct history h;

        begin(&h, 9);
        for (int i = 0; i < SAMPLES; i++) {
                const struct dn_table *rows = &h.kept.part[DN_PROCESS];
                struct denet_record record;
                struct dn_str line;

                next(&h);
                derive(&h, &h.kept);
                turn(&h);
                if (happens(&h, 10))
                        continue;
                record = record_of(&h.kept, h.active);
                line = dn_writer_text(h.active, &record);
                for (uint32_t j = h.kept.main_lives; j < rows->n; j++) {
                        const struct dn_row *row = dn_table_row(rows, j), *before = find(&h.before, row->key);

                        assert_int_equal(lists(line, row->key.pid), row->changed > h.listed);
                        assert_true(row->changed > h.listed || (before && reads_the_same(row, before)));
                }
                h.listed = h.kept.number;
                assert_int_equal(dn_table_copy(&h.before, rows), 0);
        }
        end(&h);
}

static struct dn_str aggregated(struct dn_str line) {
        const char *p = memmem(line.p, line.n, "\"aggregated\":", strlen("\"aggregated\":"));

        assert_non_null(p);
        return (struct dn_str){p, line.n - (size_t)(p - line.p)};
}

static void whichever_children_are_listed_the_whole_is_the_same(void **state) {
        struct dn_writer *none = dn_writer_new();
        struct history h;

        dn_writer_list(none, 2);
        begin(&h, 14);
        for (int i = 0; i < SAMPLES; i++) {
                struct denet_record record;
                struct dn_str whole;

                next(&h);
                derive(&h, &h.kept);
                turn(&h);
                record = record_of(&h.kept, h.writer);
                whole = aggregated(dn_writer_text(h.writer, &record));
                assert_true(dn_str_equal(aggregated(dn_writer_text(h.active, &record)), whole));
                assert_true(dn_str_equal(aggregated(dn_writer_text(none, &record)), whole));
        }
        dn_writer_free(none);
        end(&h);
}

/* ------------------------------------------------------------------------------------------------------ the whole */

struct plain_sum {
        bool known;
        int64_t now, grown, greatest;
};

static int64_t larger(int64_t a, int64_t b) {
        return a > b ? a : b;
}

static int64_t cpu_of(const struct dn_row *row) {
        return row ? dn_row_or_zero(row, DN_cpu_user_secs) + dn_row_or_zero(row, DN_cpu_system_secs) : 0;
}

static struct plain_sum sum_plainly(const struct history *h, int id) {
        const struct dn_table *rows = &h->now->part[DN_PROCESS];
        struct plain_sum sum = {0};

        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i), *before = find(&h->last->part[DN_PROCESS], row->key);
                int64_t value;

                if (row->gone || !dn_row_get(row, id, &value) ||
                    (dn_row_ended(row) && dn_fields[id].nature == DN_GAUGE))
                        continue;
                sum.greatest = sum.known ? larger(sum.greatest, value) : value;
                sum.known = true;
                sum.now += value;
                sum.grown += larger(value - (before ? dn_row_or_zero(before, id) : 0), 0);
        }
        return sum;
}

static int64_t expected_counter(const struct history *h, int id, const struct plain_sum *sum) {
        int64_t then = dn_row_or_zero(dn_snapshot_whole(h->last), id), dead = 0;

        dn_ledger_get(&h->ledger, id, &dead);
        switch (dn_fields[id].tree) {
        case DN_TOTAL: return larger(sum->now + sum_plainly(h, dn_field_reaped(id)).now + dead, then + sum->grown);
        case DN_FOLDED: return larger(sum->now + dead, then);
        default: return larger(dead, then + sum->grown);
        }
}

static int64_t expected_cpu(const struct history *h) {
        int64_t floor = cpu_of(dn_snapshot_whole(h->last)), total = 0;
        const struct dn_table *rows = &h->now->part[DN_PROCESS];

        for (int id = DN_cpu_user_secs; id <= DN_cpu_system_secs; id++) {
                int64_t dead = 0;

                dn_ledger_get(&h->ledger, id, &dead);
                total += sum_plainly(h, id).now + sum_plainly(h, dn_field_reaped(id)).now + dead;
        }
        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                if (!row->gone)
                        floor += larger(cpu_of(row) - cpu_of(find(&h->last->part[DN_PROCESS], row->key)), 0);
        }
        return larger(total, floor);
}

static void assert_settled_plainly(const struct history *h, int id) {
        const struct dn_row *whole = dn_snapshot_whole(h->now);
        struct plain_sum sum = sum_plainly(h, id);
        int64_t found = dn_row_or_zero(whole, id);

        /* What is only known of reaped children says nothing of the sum. */
        if (dn_fields[id].nature == DN_COUNTER && !dn_row_has(whole, id))
                assert_false(sum.known || dn_row_has(dn_snapshot_whole(h->last), id) ||
                             dn_ledger_get(&h->ledger, id, &found));
        else if (dn_fields[id].nature == DN_COUNTER)
                assert_int_equal(found, expected_counter(h, id, &sum));
        else if (dn_fields[id].nature == DN_PEAK)
                assert_int_equal(found, larger(dn_row_or_zero(dn_snapshot_whole(h->last), id), sum.greatest));
        else if (sum.known)
                assert_int_equal(found, dn_fields[id].tree == DN_MAX ? sum.greatest : sum.now);
}

static void the_whole_is_the_plain_sum(void **state) {
        for (uint64_t seed = 10; seed <= 13; seed++) {
                struct history h;

                begin(&h, seed);
                for (int i = 0; i < SAMPLES; i++) {
                        next(&h);
                        for (int id = 0; id < DN_FIELDS; id++) {
                                const struct dn_field *f = &dn_fields[id];

                                if (f->part == DN_PROCESS && f->tree != DN_ABSENT && f->nature != DN_DERIVED &&
                                    id != DN_cpu_user_secs && id != DN_cpu_system_secs)
                                        assert_settled_plainly(&h, id);
                        }
                        assert_int_equal(cpu_of(dn_snapshot_whole(h.now)), expected_cpu(&h));
                        turn(&h);
                }
                end(&h);
        }
}

RUN_TESTS(cmocka_unit_test(a_sample_that_is_updated_equals_one_made_afresh),
          cmocka_unit_test(a_row_that_reads_otherwise_says_that_it_changed),
          cmocka_unit_test(a_line_with_kept_texts_equals_one_made_afresh),
          cmocka_unit_test(active_children_are_those_that_changed),
          cmocka_unit_test(whichever_children_are_listed_the_whole_is_the_same),
          cmocka_unit_test(the_whole_is_the_plain_sum))
