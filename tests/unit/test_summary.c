/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/summary.h"
#include "records.h"

static struct denet_summary *summary;

static int set_up(void **state) {
        summary = dn_summary_new();
        return summary ? 0 : -1;
}

static int tear_down(void **state) {
        summary = dn_summary_free(summary);
        return 0;
}

static int64_t get(const char *name) {
        int64_t steps;
        int decimals, r = dn_summary_get(summary, dn_str_of(name), &steps, &decimals);

        return r < 0 ? r : steps;
}

/* A sample with one value. */
static void add(int kind, int64_t unix_ms, int64_t elapsed_us, int id, int64_t value) {
        made_cleanup struct made m;

        make(&m, kind, false);
        m.record.unix_ms = unix_ms;
        m.sample.elapsed_us = elapsed_us;
        dn_row_set(dn_table_row(&m.sample.part[DN_WHOLE], 0), id, value, 1);
        assert_int_equal(dn_summary_add(summary, &m.record), 0);
}

static void nothing_gives_zeros_and_no_guesses(void **state) {
        assert_int_equal(get("total_time_secs"), 0);
        assert_int_equal(get("sample_count"), 0);
        assert_int_equal(get("max_processes"), 0);
        assert_int_equal(get("peak_mem_rss_kb"), -ENODATA);
        assert_int_equal(get("exit_code"), -ENODATA);
        assert_int_equal(get("no such name"), -ENOENT);
}

/* 10 % for 100 ms, then 90 % for 900 ms is 82 %, not 50 %. */
static void the_mean_is_weighted_by_time(void **state) {
        add(DN_TREE, 1100, 100000, DN_cpu_usage, 1000);
        add(DN_TREE, 2000, 1000000, DN_cpu_usage, 9000);
        assert_int_equal(get("avg_cpu_usage"), 8200);
        assert_int_equal(get("peak_cpu_usage"), 9000);
        assert_int_equal(get("total_time_secs"), 1000000);
        assert_int_equal(get("sample_count"), 2);
}

static void a_file_without_elapsed_times_goes_by_the_wall_clock(void **state) {
        add(DN_TREE, 1000, -1, DN_cpu_usage, 0);
        add(DN_TREE, 1100, -1, DN_cpu_usage, 1000);
        add(DN_TREE, 2000, -1, DN_cpu_usage, 9000);
        assert_int_equal(get("avg_cpu_usage"), 8200);
        assert_int_equal(get("total_time_secs"), 1000000);
}

static void a_single_sample_is_its_own_mean(void **state) {
        add(DN_TREE, 1000, 0, DN_cpu_usage, 700);
        assert_int_equal(get("avg_cpu_usage"), 700);
}

static void totals_are_the_last_and_peaks_the_greatest(void **state) {
        add(DN_TREE, 1000, 100, DN_syscall_read_bytes, 5);
        add(DN_TREE, 1100, 200, DN_syscall_read_bytes, 9);
        add(DN_TREE, 1200, 300, DN_mem_rss_kb, 40);
        add(DN_TREE, 1300, 400, DN_mem_rss_kb, 90);
        add(DN_TREE, 1400, 500, DN_mem_rss_kb, 90);
        add(DN_TREE, 1500, 600, DN_mem_rss_kb, 10);
        assert_int_equal(get("total_syscall_read_bytes"), 9);
        assert_int_equal(get("peak_mem_rss_kb"), 90);
        assert_int_equal(get("peak_mem_at_secs"), 400);
}

static void flat_samples_do_not_count_beside_trees(void **state) {
        add(DN_SAMPLE, 1000, 100, DN_mem_rss_kb, 1000);
        add(DN_TREE, 1100, 200, DN_mem_rss_kb, 10);
        add(DN_SAMPLE, 1200, 300, DN_mem_rss_kb, 1000);
        assert_int_equal(get("peak_mem_rss_kb"), 10);
        assert_int_equal(get("sample_count"), 1);
}

static void flat_samples_alone_are_of_one_process(void **state) {
        add(DN_SAMPLE, 1000, 100, DN_mem_rss_kb, 1000);
        assert_int_equal(get("max_processes"), 1);
        add(DN_SAMPLE, 1000, 200, DN_mem_rss_kb, 1500);
        assert_int_equal(get("peak_mem_rss_kb"), 1500);
}

static void the_exit_record_has_the_last_word(void **state) {
        made_cleanup struct made m;

        add(DN_TREE, 1000, 100000, DN_cpu_user_secs, 5);
        make(&m, DN_EXIT, false);
        m.exit.code = 3;
        m.exit.wall_us = 123456;
        m.exit.peak_rss_kb = 77;
        dn_row_set(dn_table_row(&m.sample.part[DN_WHOLE], 0), DN_cpu_user_secs, 8, 1);
        dn_summary_add(summary, &m.record);
        assert_int_equal(get("exit_code"), 3);
        assert_int_equal(get("signal"), -ENODATA);
        assert_int_equal(get("total_time_secs"), 123456);
        assert_int_equal(get("peak_mem_rss_kb"), 77);
        assert_int_equal(get("cpu_user_secs"), 8);
        assert_int_equal(get("sample_count"), 1);
}

static void no_file_can_make_it_overflow(void **state) {
        const int64_t late = (INT64_C(1) << 52) - 1;

        for (int i = 0; i < 100; i++)
                add(DN_TREE, i % 2 ? late : 0, -1, DN_cpu_usage, INT64_MAX);
        assert_true(get("avg_cpu_usage") >= INT64_MAX - 1);
}

static void a_record_without_a_whole_changes_nothing(void **state) {
        made_cleanup struct made m;

        make(&m, DN_TREE, false);
        m.sample.part[DN_WHOLE].n = 0;
        dn_summary_add(summary, &m.record);
        m.record = (struct denet_record){.kind = DN_METADATA};
        dn_summary_add(summary, &m.record);
        assert_int_equal(get("sample_count"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(nothing_gives_zeros_and_no_guesses), TEST(the_mean_is_weighted_by_time),
          TEST(a_file_without_elapsed_times_goes_by_the_wall_clock), TEST(a_single_sample_is_its_own_mean),
          TEST(totals_are_the_last_and_peaks_the_greatest), TEST(flat_samples_do_not_count_beside_trees),
          TEST(flat_samples_alone_are_of_one_process), TEST(the_exit_record_has_the_last_word),
          TEST(no_file_can_make_it_overflow), TEST(a_record_without_a_whole_changes_nothing))
