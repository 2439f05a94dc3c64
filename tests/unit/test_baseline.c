/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "model/derive.h"

static const struct dn_key root = {1, 1};

/* Two processes, both with counters and with what is none. */
struct scene {
        struct dn_members members;
        struct dn_snapshot first, now;
        struct dn_baseline baseline;
};

static void fill(struct dn_row *row, int64_t by) {
        for (int id = 0; id < DN_FIELDS; id++)
                dn_row_set(row, id, by * 1000 + id, 1);
}

static int set_up(void **state) {
        struct scene *s = calloc(1, sizeof(*s));

        assert_non_null(s);
        assert_int_equal(dn_snapshot_begin(&s->first, NULL, 1000, 5000), 0);
        for (int64_t pid = 1; pid <= 2; pid++)
                fill(admit(&s->first, &s->members, (struct dn_key){pid, 1}, root), pid);
        fill(dn_snapshot_whole(&s->first), 3);
        *state = s;
        return 0;
}

static int tear_down(void **state) {
        struct scene *s = *state;

        dn_snapshot_free(&s->first);
        dn_snapshot_free(&s->now);
        dn_baseline_free(&s->baseline);
        dn_members_free(&s->members);
        free(s);
        return 0;
}

static void a_process_has_its_counters_and_nothing_else(void **state) {
        struct scene *s = *state;
        const struct dn_used *used;
        int k = 0;

        assert_int_equal(dn_baseline_take(&s->baseline, &s->first, 0), 0);
        assert_int_equal(s->baseline.at.part[DN_PROCESS].n, 0);
        used = dn_baseline_of(&s->baseline, dn_table_row(&s->first.part[DN_PROCESS], 1));
        assert_non_null(used);
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].nature == DN_COUNTER)
                        assert_int_equal(used->v[k++], 2000 + id);
        assert_int_equal(k, DN_COUNTERS);
        assert_int_equal(used->v[DN_USED_cpu_system_secs], 2000 + DN_cpu_system_secs);
        assert_int_equal(dn_row_or_zero(dn_snapshot_whole(&s->baseline.at), DN_cpu_user_secs), 3000 + DN_cpu_user_secs);
}

static void what_is_counted_from_zero_is_zero(void **state) {
        struct scene *s = *state;
        uint64_t zero = UINT64_C(1) << DN_cpu_user_secs | UINT64_C(1) << DN_disk_read_bytes;
        const struct dn_used *used;
        int k = 0;

        assert_int_equal(dn_baseline_take(&s->baseline, &s->first, zero), 0);
        used = dn_baseline_of(&s->baseline, dn_table_row(&s->first.part[DN_PROCESS], 0));
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].nature == DN_COUNTER)
                        assert_int_equal(used->v[k++], zero >> id & 1 ? 0 : 1000 + id);
        assert_int_equal(used->v[DN_USED_cpu_user_secs], 0);
        assert_false(dn_row_has(dn_snapshot_whole(&s->baseline.at), DN_cpu_user_secs));
        assert_true(dn_row_has(dn_snapshot_whole(&s->baseline.at), DN_cpu_system_secs));
}

/* The first sample's usage too: what a command had used when it was held is no part of what it did since. */
static void usage_before_the_first_snapshot_is_of_what_is_counted(void **state) {
        struct scene *s = *state;
        struct dn_sample sample = {0};
        struct dn_row *row;

        assert_int_equal(dn_baseline_take(&s->baseline, &s->first, ~UINT64_C(0)), 0);
        assert_int_equal(dn_snapshot_begin(&s->now, &s->first, 100001000, 5000), 0);
        row = dn_table_row(&s->now.part[DN_PROCESS], 0);
        row->read_ns = 100000000;
        dn_row_set(row, DN_cpu_user_secs, 50000, 2);
        dn_row_set(row, DN_cpu_system_secs, 0, 2);
        assert_int_equal(dn_derive(&s->baseline, 0, &s->first, &s->now, root, &sample), 0);
        assert_int_equal(dn_row_or_zero(dn_table_row(&sample.part[DN_PROCESS], 0), DN_cpu_usage), 5000);
        assert_int_equal(dn_row_or_zero(dn_table_row(&sample.part[DN_PROCESS], 0), DN_cpu_user_secs), 50000);
        dn_sample_free(&sample);
}

static void who_came_later_with_a_used_slot_has_used_nothing_before(void **state) {
        struct scene *s = *state;
        const struct dn_row *row;
        uint32_t slot = dn_table_row(&s->first.part[DN_PROCESS], 1)->slot;

        assert_int_equal(dn_baseline_take(&s->baseline, &s->first, 0), 0);
        assert_int_equal(dn_snapshot_begin(&s->now, &s->first, 2000, 6000), 0);
        dn_members_remove(&s->members, slot);
        row = admit(&s->now, &s->members, (struct dn_key){3, 2}, root);
        assert_int_equal(row->slot, slot);
        assert_null(dn_baseline_of(&s->baseline, row));
        row = admit(&s->now, &s->members, (struct dn_key){4, 2}, root);
        assert_null(dn_baseline_of(&s->baseline, row));
        assert_non_null(dn_baseline_of(&s->baseline, dn_table_row(&s->now.part[DN_PROCESS], 0)));
}

#define ON_A_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

RUN_TESTS(ON_A_SCENE(a_process_has_its_counters_and_nothing_else), ON_A_SCENE(what_is_counted_from_zero_is_zero),
          ON_A_SCENE(usage_before_the_first_snapshot_is_of_what_is_counted),
          ON_A_SCENE(who_came_later_with_a_used_slot_has_used_nothing_before))
