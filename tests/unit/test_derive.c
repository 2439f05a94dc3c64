/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "model/accounts.h"
#include "model/derive.h"

static const struct dn_key root = {1, 1}, child = {2, 5};
static const int64_t ms = 1000000;

/* Three snapshots 100 ms apart, the first at 1 s; a derived sample of each. */
struct scene {
        struct dn_members members;
        struct dn_ledger ledger;
        struct dn_snapshot s[3];
        struct dn_baseline first;
        struct dn_sample sample;
};

static void begin(struct scene *c, int i) {
        int64_t at_ns = 1000 * ms + i * 100 * ms;

        assert_int_equal(dn_snapshot_begin(&c->s[i], i ? &c->s[i - 1] : NULL, at_ns, at_ns), 0);
        for (uint32_t j = 0; j < c->s[i].part[DN_PROCESS].n; j++)
                dn_table_row(&c->s[i].part[DN_PROCESS], j)->read_ns = at_ns;
}

static struct dn_row *row_of(struct scene *c, int i, struct dn_key key) {
        struct dn_row *row = dn_snapshot_find(&c->s[i], key);

        if (row)
                return row;
        row = admit(&c->s[i], &c->members, key, root);
        row->read_ns = c->s[i].mono_ns;
        return row;
}

static void set(struct scene *c, int i, struct dn_key key, int id, int64_t value) {
        dn_row_set(row_of(c, i, key), id, value, c->s[i].number);
}

static void derive(struct scene *c, int i) {
        dn_accounts_settle(&c->s[i], i ? &c->s[i - 1] : NULL, &c->ledger);
        dn_baseline_free(&c->first);
        assert_int_equal(dn_baseline_take(&c->first, &c->s[0], 0), 0);
        assert_int_equal(dn_derive(&c->first, 5000, &c->s[i ? i - 1 : 0], &c->s[i], root, &c->sample), 0);
}

static int64_t of_row(const struct dn_row *row, int id) {
        int64_t value;

        return dn_row_get(row, id, &value) ? value : -1;
}

static int64_t of_process(const struct scene *c, uint32_t i, int id) {
        return of_row(dn_table_row(&c->sample.part[DN_PROCESS], i), id);
}

static int64_t of_whole(const struct scene *c, int id) {
        return of_row(dn_sample_whole(&c->sample), id);
}

static int set_up(void **state) {
        *state = calloc(1, sizeof(struct scene));
        return 0;
}

static int tear_down(void **state) {
        struct scene *c = *state;

        for (int i = 0; i < 3; i++)
                dn_snapshot_free(&c->s[i]);
        dn_baseline_free(&c->first);
        dn_sample_free(&c->sample);
        dn_ledger_free(&c->ledger);
        dn_members_free(&c->members);
        free(c);
        return 0;
}

static void times_are_counted_from_the_first_snapshot(void **state) {
        struct scene *c = *state;

        for (int i = 0; i < 3; i++) {
                begin(c, i);
                set(c, i, root, DN_cpu_user_secs, i);
                derive(c, i);
                assert_int_equal(c->sample.elapsed_us, i * 100000);
                assert_int_equal(c->sample.unix_ms, 5000 + i * 100);
                assert_int_equal(c->sample.number, i + 1);
        }
}

static void counters_are_counted_from_the_first_snapshot(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        set(c, 0, root, DN_syscall_read_bytes, 1000);
        derive(c, 0);
        assert_int_equal(of_process(c, 0, DN_syscall_read_bytes), 0);
        begin(c, 1);
        set(c, 1, root, DN_syscall_read_bytes, 1700);
        set(c, 1, child, DN_syscall_read_bytes, 30);
        derive(c, 1);
        assert_int_equal(of_process(c, 0, DN_syscall_read_bytes), 700);
        assert_int_equal(of_process(c, 1, DN_syscall_read_bytes), 30);
        assert_int_equal(of_whole(c, DN_syscall_read_bytes), 730);
}

static void gauges_and_peaks_are_what_they_are(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        set(c, 0, root, DN_mem_rss_kb, 1000);
        set(c, 0, root, DN_mem_rss_peak_kb, 2000);
        begin(c, 1);
        set(c, 1, root, DN_mem_rss_kb, 900);
        derive(c, 0);
        derive(c, 1);
        assert_int_equal(of_process(c, 0, DN_mem_rss_kb), 900);
        assert_int_equal(of_whole(c, DN_mem_rss_peak_kb), 2000);
}

/* 50 ms in 100 ms is 50 %; a row that is read later has a longer span. */
static void a_rate_is_over_the_rows_own_two_readings(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        set(c, 0, root, DN_cpu_user_secs, 0);
        set(c, 0, child, DN_cpu_user_secs, 0);
        derive(c, 0);
        assert_int_equal(of_process(c, 0, DN_cpu_usage), -1);
        begin(c, 1);
        set(c, 1, root, DN_cpu_user_secs, 30000);
        set(c, 1, root, DN_cpu_system_secs, 20000);
        set(c, 1, child, DN_cpu_user_secs, 50000);
        row_of(c, 1, child)->read_ns += 25 * ms;
        derive(c, 1);
        assert_int_equal(of_process(c, 0, DN_cpu_usage), 5000);
        assert_int_equal(of_process(c, 1, DN_cpu_usage), 4000);
        assert_int_equal(of_whole(c, DN_cpu_usage), 10000);
}

static void a_new_process_ran_between_the_two_samples(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        set(c, 0, root, DN_cpu_user_secs, 0);
        derive(c, 0);
        begin(c, 1);
        set(c, 1, child, DN_cpu_user_secs, 80000);
        derive(c, 1);
        assert_int_equal(of_process(c, 1, DN_cpu_usage), 8000);
        assert_int_equal(of_process(c, 0, DN_cpu_usage), 0);
}

static void a_child_that_came_and_went_counts_in_the_whole(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        set(c, 0, root, DN_cpu_user_secs, 0);
        set(c, 0, root, DN_reaped_cpu_user_secs, 0);
        derive(c, 0);
        begin(c, 1);
        set(c, 1, root, DN_reaped_cpu_user_secs, 70000);
        derive(c, 1);
        assert_int_equal(of_process(c, 0, DN_cpu_usage), 0);
        assert_int_equal(of_whole(c, DN_cpu_usage), 7000);
        assert_int_equal(of_whole(c, DN_cpu_user_secs), 70000);
}

static void a_clock_that_steps_back_gives_nothing_negative(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        set(c, 0, root, DN_cpu_user_secs, 1000);
        derive(c, 0);
        begin(c, 1);
        set(c, 1, root, DN_cpu_user_secs, 900);
        derive(c, 1);
        assert_int_equal(of_process(c, 0, DN_cpu_usage), 0);
        assert_int_equal(of_process(c, 0, DN_cpu_user_secs), 0);
}

static void who_has_ended_is_not_listed(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        set(c, 0, root, DN_cpu_user_secs, 0);
        set(c, 0, child, DN_cpu_user_secs, 0);
        derive(c, 0);
        assert_true(c->sample.main_lives);
        assert_int_equal(c->sample.part[DN_PROCESS].n, 2);
        begin(c, 1);
        set(c, 1, root, DN_state, 'Z');
        derive(c, 1);
        assert_false(c->sample.main_lives);
        assert_int_equal(c->sample.part[DN_PROCESS].n, 1);
        assert_int_equal(dn_table_row(&c->sample.part[DN_PROCESS], 0)->key.pid, child.pid);
}

static void inner_fields_stay_inside(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        set(c, 0, root, DN_state, 'S');
        set(c, 0, root, DN_reaped_cpu_user_secs, 5);
        set(c, 0, root, DN_cpu_core, 3);
        derive(c, 0);
        assert_int_equal(of_process(c, 0, DN_state), -1);
        assert_int_equal(of_process(c, 0, DN_reaped_cpu_user_secs), -1);
        assert_int_equal(of_process(c, 0, DN_cpu_core), 3);
        assert_int_equal(of_whole(c, DN_cpu_core), -1);
}

static void uptime_is_since_the_start_and_of_a_tree_the_oldests(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        c->s[0].boot_ns = 100000 * ms;
        set(c, 0, root, DN_started_at_ms, 90500);
        set(c, 0, child, DN_started_at_ms, 97000);
        derive(c, 0);
        assert_int_equal(of_process(c, 0, DN_uptime_secs), 9);
        assert_int_equal(of_process(c, 1, DN_uptime_secs), 3);
        assert_int_equal(of_whole(c, DN_uptime_secs), 9);
}

/* A value that stands still is another text once more, since its rate falls to 0, and then no more. */
static void a_change_shows_in_two_samples(void **state) {
        struct scene *c = *state;

        begin(c, 0);
        set(c, 0, root, DN_cpu_user_secs, 0);
        begin(c, 1);
        begin(c, 2);
        derive(c, 0);
        assert_int_equal(dn_table_row(&c->sample.part[DN_PROCESS], 0)->changed, 1);
        derive(c, 1);
        assert_int_equal(dn_table_row(&c->sample.part[DN_PROCESS], 0)->changed, 2);
        derive(c, 2);
        assert_int_equal(dn_table_row(&c->sample.part[DN_PROCESS], 0)->changed, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(times_are_counted_from_the_first_snapshot), TEST(counters_are_counted_from_the_first_snapshot),
          TEST(gauges_and_peaks_are_what_they_are), TEST(a_rate_is_over_the_rows_own_two_readings),
          TEST(a_new_process_ran_between_the_two_samples), TEST(a_child_that_came_and_went_counts_in_the_whole),
          TEST(a_clock_that_steps_back_gives_nothing_negative), TEST(who_has_ended_is_not_listed),
          TEST(inner_fields_stay_inside), TEST(uptime_is_since_the_start_and_of_a_tree_the_oldests),
          TEST(a_change_shows_in_two_samples))
