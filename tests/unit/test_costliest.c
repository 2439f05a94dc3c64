/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is kept of single processes, from made-up records. */
#include "cli/report.h"
#include "common.h"

/* A process of a tree record. */
struct row {
        int pid;
        double user;
        long long read, rss_kb;
};

static void put_head(struct dn_text *text) {
        dn_text_put(text, DN_STR("{\"kind\":\"metadata\",\"pid\":100,\"cmd\":[\"make\"],\"executable\":\"/bin/make\","
                                 "\"t0_ms\":1000}\n"));
}

static void put_child(struct dn_text *text, int pid, int ppid, const char *cmd) {
        dn_text_printf(text, "{\"kind\":\"child\",\"ts_ms\":1,\"pid\":%d,\"ppid\":%d,\"cmd\":[%s],\"exe\":\"/x\"}\n",
                       pid, ppid, cmd);
}

static void put_metrics(struct dn_text *text, const struct row *row) {
        dn_text_printf(text,
                       "{\"cpu_user_secs\":%.2f,\"cpu_system_secs\":0.00,\"syscall_read_bytes\":%lld,"
                       "\"mem_rss_kb\":%lld,\"thread_count\":1}",
                       row->user, row->read, row->rss_kb);
}

/* The first of them is the command itself. */
static void put_tree(struct dn_text *text, const struct row *rows, size_t n) {
        long long rss_kb = 0;

        dn_text_put(text, DN_STR("{\"kind\":\"tree\",\"ts_ms\":2000,\"parent\":"));
        put_metrics(text, &rows[0]);
        dn_text_put(text, DN_STR(",\"children\":["));
        for (size_t i = 0; i < n; i++)
                rss_kb += rows[i].rss_kb;
        for (size_t i = 1; i < n; i++) {
                dn_text_printf(text, "%s{\"pid\":%d,\"command\":\"x\",\"metrics\":", i > 1 ? "," : "", rows[i].pid);
                put_metrics(text, &rows[i]);
                dn_text_put_char(text, '}');
        }
        dn_text_printf(text, "],\"aggregated\":{\"cpu_usage\":1.0,\"mem_rss_kb\":%lld,\"process_count\":%zu}}\n",
                       rss_kb, n);
}

static void take(struct dn_report *report, const struct dn_text *records, bool totals_only) {
        const denet_record *record;
        denet *d;

        assert_false(records->failed);
        assert_int_equal(dn_report_open(report), 0);
        report->totals_only = totals_only;
        assert_int_equal(denet_parse(&d, NULL, records->p, records->n, NULL), 0);
        while (denet_next(d, -1, &record) == 1)
                dn_report_add(report, record);
        denet_free(d);
        dn_costliest_finish(&report->costliest);
}

static void assert_used(const struct dn_report *report, const char *label, double secs, double read, uint64_t runs) {
        const struct dn_group *g = dn_groups_find(&report->costliest.groups, label);

        assert_non_null(g);
        assert_float_equal(g->cpu_secs, secs, 1e-9);
        assert_float_equal(g->sum[DN_SUM_READ], read, 1e-9);
        assert_int_equal(g->runs, runs);
}

static void what_was_used_before_an_exec_is_of_the_old_name(void **state) {
        DN_GUARD(dn_report_close) struct dn_report report;
        dn_autotext struct dn_text records = {0};

        put_head(&records);
        put_child(&records, 101, 100, "\"sh\",\"-c\"");
        put_tree(&records, (struct row[]){{100, 0, 0, 10}, {101, 1, 30, 10}}, 2);
        put_child(&records, 101, 100, "\"cc1\"");
        put_tree(&records, (struct row[]){{100, 0, 0, 10}, {101, 1, 30, 10}}, 2);
        put_tree(&records, (struct row[]){{100, 0, 0, 10}, {101, 4, 70, 10}}, 2);
        take(&report, &records, false);
        assert_used(&report, "sh", 1, 30, 1);
        assert_used(&report, "cc1", 3, 40, 1);
}

static void a_child_that_has_ended_is_taken_out_of_its_parent(void **state) {
        DN_GUARD(dn_report_close) struct dn_report report;
        dn_autotext struct dn_text records = {0};

        put_head(&records);
        put_child(&records, 101, 100, "\"cc1\"");
        put_tree(&records, (struct row[]){{100, 1, 5, 10}, {101, 2, 30, 10}}, 2);
        put_tree(&records, (struct row[]){{100, 1, 40, 10}}, 1);
        take(&report, &records, false);
        assert_used(&report, "cc1", 2, 30, 1);
        assert_used(&report, "make", 1, 10, 1);
}

static void a_pid_that_is_used_again_begins_anew(void **state) {
        DN_GUARD(dn_report_close) struct dn_report report;
        dn_autotext struct dn_text records = {0};

        put_head(&records);
        put_child(&records, 101, 100, "\"cc1\"");
        put_tree(&records, (struct row[]){{100, 0, 0, 10}, {101, 5, 30, 10}}, 2);
        put_child(&records, 101, 100, "\"as\"");
        put_tree(&records, (struct row[]){{100, 0, 0, 10}, {101, 2, 7, 10}}, 2);
        take(&report, &records, false);
        assert_used(&report, "cc1", 5, 30, 1);
        assert_used(&report, "as", 2, 7, 1);
}

static void rows_may_come_in_another_order_and_from_between_leave(void **state) {
        DN_GUARD(dn_report_close) struct dn_report report;
        dn_autotext struct dn_text records = {0};

        put_head(&records);
        put_child(&records, 101, 100, "\"a\"");
        put_child(&records, 102, 100, "\"b\"");
        put_child(&records, 103, 100, "\"c\"");
        put_tree(&records, (struct row[]){{100, 0, 0, 1}, {101, 1, 1, 1}, {102, 2, 2, 1}, {103, 3, 3, 1}}, 4);
        put_tree(&records, (struct row[]){{100, 0, 0, 1}, {103, 6, 6, 1}, {102, 4, 4, 1}, {101, 2, 2, 1}}, 4);
        put_tree(&records, (struct row[]){{100, 0, 0, 1}, {102, 5, 5, 1}, {103, 7, 7, 1}}, 3);
        put_tree(&records, (struct row[]){{100, 0, 0, 1}, {999, 9, 9, 9}, {103, 8, 8, 1}}, 3);
        take(&report, &records, false);
        assert_used(&report, "a", 2, 2, 1);
        assert_used(&report, "b", 5, 5, 1);
        assert_used(&report, "c", 8, 8, 1);
        assert_int_equal(report.costliest.groups.n, 4);
}

static void the_parts_of_the_peak_are_those_of_its_record(void **state) {
        DN_GUARD(dn_report_close) struct dn_report report;
        dn_autotext struct dn_text records = {0};

        put_head(&records);
        put_child(&records, 101, 100, "\"a\"");
        put_child(&records, 102, 100, "\"a\"");
        put_tree(&records, (struct row[]){{100, 0, 0, 500}, {101, 0, 0, 10}, {102, 0, 0, 10}}, 3);
        put_tree(&records, (struct row[]){{100, 0, 0, 100}, {101, 0, 0, 300}, {102, 0, 0, 400}}, 3);
        put_tree(&records, (struct row[]){{100, 0, 0, 700}, {101, 0, 0, 0}, {102, 0, 0, 0}}, 3);
        take(&report, &records, false);
        assert_int_equal(report.costliest.peak_kb, 800);
        assert_float_equal(dn_groups_find(&report.costliest.groups, "a")->part_kb, 700, 0);
        assert_int_equal(dn_groups_find(&report.costliest.groups, "a")->part_processes, 2);
        assert_float_equal(dn_groups_find(&report.costliest.groups, "make")->part_kb, 100, 0);
        assert_float_equal(dn_groups_find(&report.costliest.groups, "make")->peak_kb, 700, 0);
}

static void figures_that_are_too_large_overflow_nothing(void **state) {
        const long long most = INT64_MAX, least = -INT64_MAX;
        DN_GUARD(dn_report_close) struct dn_report report;
        dn_autotext struct dn_text records = {0};

        put_head(&records);
        put_child(&records, 101, 100, "\"a\"");
        put_child(&records, 102, 100, "\"a\"");
        put_tree(&records, (struct row[]){{100, 9e12, most, 1}, {101, 0, most, 1}, {102, 9e12, most, 1}}, 3);
        put_tree(&records, (struct row[]){{100, 9e12, least, 1}}, 1);
        put_child(&records, 100, 1, "\"b\"");
        put_tree(&records, (struct row[]){{100, 9.1e12, most, most}}, 1);
        take(&report, &records, false);
        assert_non_null(dn_groups_find(&report.costliest.groups, "b"));
}

static void beyond_so_many_names_they_share_one_and_nothing_is_lost(void **state) {
        enum { NAMES = 600, GROUPS = 512 };
        DN_GUARD(dn_report_close) struct dn_report report;
        dn_autotext struct dn_text records = {0};
        struct row rows[NAMES + 1] = {{100, 0, 0, 1}};
        double secs = 0;

        put_head(&records);
        for (int i = 1; i <= NAMES; i++) {
                char name[16];

                snprintf(name, sizeof(name), "\"p%d\"", i);
                put_child(&records, 100 + i, 100, name);
                rows[i] = (struct row){100 + i, 1, 1, 1};
        }
        put_tree(&records, rows, NAMES + 1);
        take(&report, &records, false);
        assert_int_equal(report.costliest.groups.n, GROUPS);
        for (size_t i = 0; i < GROUPS; i++) {
                assert_true(report.costliest.groups.list[i].shared == (i == 0)); /* the costliest of them */
                secs += report.costliest.groups.list[i].cpu_secs;
        }
        assert_float_equal(secs, NAMES, 1e-6);
}

static void the_totals_do_not_depend_on_what_is_kept_of_processes(void **state) {
        DN_GUARD(dn_report_close) struct dn_report whole, totals;
        dn_autotext struct dn_text records = {0};
        size_t size;

        put_head(&records);
        put_child(&records, 101, 100, "\"a\"");
        put_tree(&records, (struct row[]){{100, 1, 2, 3}, {101, 4, 5, 6}}, 2);
        put_tree(&records, (struct row[]){{100, 2, 3, 4}, {101, 5, 6, 7}}, 2);
        take(&whole, &records, false);
        take(&totals, &records, true);
        assert_int_equal(whole.costliest.groups.n, 2);
        assert_int_equal(totals.costliest.groups.n, 0);
        assert_string_equal(denet_summary_json(whole.summary, &size), denet_summary_json(totals.summary, &size));
        assert_int_equal(totals.t0_ms, 1000);
}

RUN_TESTS(cmocka_unit_test(what_was_used_before_an_exec_is_of_the_old_name),
          cmocka_unit_test(a_child_that_has_ended_is_taken_out_of_its_parent),
          cmocka_unit_test(a_pid_that_is_used_again_begins_anew),
          cmocka_unit_test(rows_may_come_in_another_order_and_from_between_leave),
          cmocka_unit_test(the_parts_of_the_peak_are_those_of_its_record),
          cmocka_unit_test(figures_that_are_too_large_overflow_nothing),
          cmocka_unit_test(beyond_so_many_names_they_share_one_and_nothing_is_lost),
          cmocka_unit_test(the_totals_do_not_depend_on_what_is_kept_of_processes))
