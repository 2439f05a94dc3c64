/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/reader.h"
#include "records.h"

static struct dn_reader reader;
static struct denet_record record;

static int set_up(void **state) {
        reader.children = true;
        return 0;
}

static int tear_down(void **state) {
        dn_reader_free(&reader);
        return 0;
}

static int read_line(const char *line) {
        return dn_reader_line(&reader, dn_str_of(line), &record);
}

static int64_t value_of(const struct dn_row *row, int id) {
        int64_t value;

        return row && dn_row_get(row, id, &value) ? value : -1;
}

static int64_t of_whole(int id) {
        return value_of(dn_sample_whole(record.sample), id);
}

static int64_t of_process(uint32_t i, int id) {
        return value_of(dn_table_row(&record.sample->part[DN_PROCESS], i), id);
}

static uint32_t processes(void) {
        return record.sample->part[DN_PROCESS].n;
}

/* What the writer makes of what was read, text aside. */
static struct dn_str rewritten(struct dn_writer *w) {
        struct denet_record r = record;

        r.text = (struct dn_str){0};
        return dn_writer_text(w, &r);
}

static void assert_comes_back(const char *line) {
        struct dn_writer *w = dn_writer_new();

        assert_int_equal(read_line(line), 0);
        assert_str_is(record.text, line);
        assert_string_equal(rewritten(w).p, line);
        dn_writer_free(w);
}

static void what_was_written_comes_back_to_the_bit(void **state) {
        assert_comes_back(
                "{\"kind\":\"tree\",\"ts_ms\":1795425304713,\"elapsed_us\":12345,"
                "\"parent\":{\"ts_ms\":1795425304712,\"cpu_usage\":12.34,\"cpu_core\":2,\"uptime_secs\":9},"
                "\"children\":[{\"pid\":11,\"command\":\"a\\\"b\\n\",\"metrics\":{\"ts_ms\":1795425304717,"
                "\"cpu_user_secs\":1.5}},{\"pid\":12,\"command\":\"ü\",\"metrics\":{\"ts_ms\":1795425304713}}],"
                "\"aggregated\":{\"ts_ms\":1795425304713,\"mem_rss_kb\":77,\"process_count\":2,"
                "\"uptime_secs\":9}}");
        assert_comes_back("{\"kind\":\"sample\",\"ts_ms\":1000,\"elapsed_us\":0,\"mem_rss_kb\":77,\"cpu_core\":5,"
                          "\"cpu_user_secs\":0.000001,\"fd_count\":4,\"uptime_secs\":3}");
        assert_comes_back("{\"kind\":\"exit\",\"ts_ms\":1000,\"last_sample_to_exit_ms\":0,\"signal\":9,"
                          "\"lower_bound\":{\"reason\":\"a \\\"reason\\\"\"},\"still_running\":2,"
                          "\"totals\":{\"wall_secs\":2.5,\"cpu_user_secs\":1.0,\"cpu_system_secs\":0.000001,"
                          "\"peak_mem_rss_kb\":9,\"peak_mem_rss_sum_kb\":8,\"peak_mem_rss_process_kb\":9,"
                          "\"processes_seen\":4,\"lost_records\":1,\"syscall_read_bytes\":9223372036854775807}}");
}

/* Trees of any numbers in any fields. */
static void any_tree_comes_back(void **state) {
        uint64_t seed = 11;

        for (int round = 0; round < 300; round++) {
                made_cleanup struct made m;
                dn_autotext struct dn_text line = {0};
                struct dn_writer *w = dn_writer_new();
                uint32_t n;

                make(&m, DN_TREE, random_below(&seed, 2));
                for (n = random_below(&seed, 4); n > 0; n--)
                        add_process(&m, 1 + random_below(&seed, 1000), "näme\t")->read_ns =
                                (int64_t)random_below(&seed, 100) * 1000000;
                for (uint32_t i = 0; i <= m.sample.part[DN_PROCESS].n; i++) {
                        struct dn_row *row = i ? process_at(&m, i - 1) : dn_table_row(&m.sample.part[DN_WHOLE], 0);

                        for (int id = 0; id < DN_FIELDS; id++)
                                if (random_below(&seed, 2))
                                        dn_row_set(row, id,
                                                   (int64_t)(random_next(&seed) >> 1 >> random_below(&seed, 63)), 1);
                }
                dn_text_put(&line, dn_writer_text(m.writer, &m.record));
                assert_int_equal(read_line(dn_text_cstr(&line)), 0);
                assert_text_is(&line, rewritten(w).p);
                dn_writer_free(w);
        }
}

static void a_tree_has_its_rows(void **state) {
        assert_int_equal(read_line("{\"kind\":\"tree\",\"ts_ms\":5,\"parent\":{\"ts_ms\":6,\"mem_rss_kb\":1},"
                                   "\"children\":[{\"pid\":7,\"command\":\"c\\u00fc\",\"metrics\":{\"mem_rss_kb\":2}}],"
                                   "\"aggregated\":{\"ts_ms\":5,\"mem_rss_kb\":3,\"process_count\":2}}"),
                         0);
        assert_int_equal(record.kind, DN_TREE);
        assert_int_equal(record.unix_ms, 5);
        assert_int_equal(record.sample->elapsed_us, -1);
        assert_true(record.sample->main_lives);
        assert_int_equal(processes(), 2);
        assert_int_equal(of_process(0, DN_mem_rss_kb), 1);
        assert_int_equal(of_process(1, DN_mem_rss_kb), 2);
        assert_int_equal(dn_table_row(&record.sample->part[DN_PROCESS], 1)->key.pid, 7);
        assert_string_equal(dn_table_row(&record.sample->part[DN_PROCESS], 1)->name.p, "cü");
        assert_int_equal(of_whole(DN_mem_rss_kb), 3);
        assert_int_equal(of_whole(DN_process_count), 2);
}

static void keys_may_come_in_any_order(void **state) {
        assert_int_equal(read_line("{\"aggregated\":{\"process_count\":2,\"mem_rss_kb\":3},"
                                   "\"children\":[{\"metrics\":{\"mem_rss_kb\":2},\"pid\":7}],"
                                   "\"parent\":{\"ts_ms\":6,\"mem_rss_kb\":1},\"ts_ms\":5,\"kind\":\"tree\"}"),
                         0);
        assert_true(record.sample->main_lives);
        assert_int_equal(of_process(0, DN_mem_rss_kb), 1);
        assert_int_equal(of_process(1, DN_mem_rss_kb), 2);
        assert_int_equal(dn_table_row(&record.sample->part[DN_PROCESS], 0)->read_ns, 1000000);
        assert_int_equal(of_whole(DN_process_count), 2);
}

static void children_are_passed_over_where_nobody_wants_them(void **state) {
        static const char line[] = "{\"kind\":\"tree\",\"ts_ms\":5,\"parent\":{\"mem_rss_kb\":1},"
                                   "\"children\":[{\"pid\":7,\"metrics\":{}}],\"aggregated\":{\"mem_rss_kb\":3}}";

        reader.children = false;
        assert_int_equal(read_line(line), 0);
        assert_int_equal(processes(), 0);
        assert_false(record.sample->main_lives);
        assert_int_equal(of_whole(DN_mem_rss_kb), 3);
        assert_int_equal(read_line("{\"kind\":\"tree\",\"ts_ms\":5,\"children\":[{\"pid\":07}],\"aggregated\":{}}"),
                         -EBADMSG);
}

static void null_parent_and_null_aggregate_are_read(void **state) {
        assert_int_equal(read_line("{\"kind\":\"tree\",\"ts_ms\":5,\"parent\":null,\"children\":[],"
                                   "\"aggregated\":null}"),
                         0);
        assert_int_equal(record.kind, DN_TREE);
        assert_false(record.sample->main_lives);
        assert_int_equal(processes(), 0);
        assert_null(dn_sample_whole(record.sample));
}

static void a_flat_sample_is_its_own_whole(void **state) {
        assert_int_equal(read_line("{\"kind\":\"sample\",\"ts_ms\":5,\"cpu_usage\":109.297035,\"mem_rss_kb\":1648.0,"
                                   "\"uptime_secs\":0.6666,\"cpu_core\":null,\"psi_mem\":{\"some_avg10\":0.0}}"),
                         0);
        assert_int_equal(record.kind, DN_SAMPLE);
        assert_int_equal(processes(), 1);
        assert_int_equal(of_whole(DN_cpu_usage), 10930);
        assert_int_equal(of_whole(DN_mem_rss_kb), 1648);
        assert_int_equal(of_process(0, DN_uptime_secs), 1);
        assert_int_equal(of_process(0, DN_cpu_core), -1);
        assert_int_equal(read_line("{\"kind\":\"sample\",\"ts_ms\":5,\"cpu_core\":1}"), 0);
        assert_int_equal(of_process(0, DN_cpu_core), 1);
        assert_int_equal(of_whole(DN_cpu_core), -1);
}

static void an_aggregate_alone_is_read(void **state) {
        assert_int_equal(read_line("{\"kind\":\"aggregated\",\"ts_ms\":5,\"mem_rss_kb\":3,\"process_count\":2}"), 0);
        assert_int_equal(record.kind, DN_AGGREGATED);
        assert_int_equal(processes(), 0);
        assert_int_equal(of_whole(DN_mem_rss_kb), 3);
        assert_int_equal(of_whole(DN_process_count), 2);
}

static void untagged_lines_are_told_by_their_shape(void **state) {
        assert_int_equal(read_line("{\"ts_ms\":5,\"parent\":{\"ts_ms\":5,\"cpu_usage\":0.0},\"children\":[],"
                                   "\"aggregated\":{\"ts_ms\":5,\"process_count\":1}}"),
                         0);
        assert_int_equal(record.kind, DN_TREE);
        assert_int_equal(read_line("{\"ts_ms\":5,\"cpu_usage\":0.0,\"mem_rss_kb\":9}"), 0);
        assert_int_equal(record.kind, DN_SAMPLE);
        assert_int_equal(read_line("{\"ts_ms\":5,\"cpu_usage\":0.0,\"process_count\":9}"), 0);
        assert_int_equal(record.kind, DN_AGGREGATED);
        assert_int_equal(read_line("{\"pid\": 1829, \"cmd\": [\"python\"], \"executable\": \"/p\", \"t0_ms\": 17}"), 0);
        assert_int_equal(record.kind, DN_METADATA);
        assert_int_equal(record.unix_ms, 17);
        assert_null(record.sample);
}

static void old_names_of_the_network_are_read(void **state) {
        assert_int_equal(read_line("{\"ts_ms\":5,\"net_rx_bytes\":10,\"net_tx_bytes\":20}"), 0);
        assert_int_equal(of_whole(DN_sys_net_rx_bytes), 10);
        assert_int_equal(of_whole(DN_sys_net_tx_bytes), 20);
}

static void an_untagged_line_is_passed_on_with_its_kind(void **state) {
        assert_int_equal(read_line("{ \"ts_ms\":5,\"cpu_usage\":1.0,\"mem_rss_kb\":7}"), 0);
        assert_str_is(record.text, "{\"kind\":\"sample\",\"ts_ms\":5,\"cpu_usage\":1.0,\"mem_rss_kb\":7}");
        assert_int_equal(record.text.p[record.text.n], '\0');
        assert_int_equal(read_line("{\"ts_ms\":5,\"aggregated\":null}"), 0);
        assert_str_is(record.text, "{\"kind\":\"tree\",\"ts_ms\":5,\"aggregated\":null}");
}

static void facts_are_kind_and_text(void **state) {
        static const char line[] = "{\"kind\":\"child\",\"ts_ms\":5,\"pid\":7,\"ppid\":1,\"cmd\":[\"x\"]}";

        assert_int_equal(read_line(" {\"kind\":\"env\",\"ts_ms\":4,\"host\":\"vm\",\"signal\":{}}\r\n"), 0);
        assert_int_equal(record.kind, DN_ENV);
        assert_int_equal(record.unix_ms, 4);
        assert_int_equal(read_line(line), 0);
        assert_int_equal(record.kind, DN_CHILD);
        assert_str_is(record.text, line);
        assert_null(record.sample);
        assert_null(record.exit);
}

static void an_exit_of_an_older_release_knows_little(void **state) {
        assert_int_equal(read_line("{\"kind\":\"exit\",\"ts_ms\":9,\"last_sample_to_exit_ms\":102}"), 0);
        assert_int_equal(record.kind, DN_EXIT);
        assert_null(record.sample);
        assert_int_equal(record.exit->last_sample_to_exit_ms, 102);
        assert_int_equal(record.exit->code, -1);
        assert_int_equal(record.exit->signal, -1);
        assert_int_equal(record.exit->wall_us, -1);
        assert_int_equal(record.exit->peak_rss_kb, -1);
        assert_int_equal(record.exit->lower_bound.n, 0);
}

static void numbers_that_can_not_be_are_not_known(void **state) {
        assert_int_equal(read_line("{\"kind\":\"sample\",\"ts_ms\":5,\"elapsed_us\":1e40,\"mem_rss_kb\":1e300,"
                                   "\"fd_count\":-3,\"disk_read_bytes\":18446744073709551615,\"thread_count\":\"x\","
                                   "\"mem_vms_kb\":1e-300}"),
                         0);
        assert_int_equal(record.sample->elapsed_us, -1);
        assert_int_equal(of_whole(DN_mem_rss_kb), -1);
        assert_int_equal(of_whole(DN_fd_count), -1);
        assert_int_equal(of_whole(DN_disk_read_bytes), -1);
        assert_int_equal(of_whole(DN_thread_count), -1);
        assert_int_equal(of_whole(DN_mem_vms_kb), 0);
        assert_int_equal(read_line("{\"kind\":\"exit\",\"ts_ms\":5,\"exit_code\":4294967296}"), 0);
        assert_int_equal(record.exit->code, -1);
}

static void what_is_no_record_is_refused(void **state) {
        assert_int_equal(read_line("not json"), -EBADMSG);
        assert_int_equal(read_line("[]"), -EBADMSG);
        assert_int_equal(read_line("{}"), -EBADMSG);
        assert_int_equal(read_line("{\"kind\":\"other\",\"ts_ms\":1}"), -EBADMSG);
        assert_int_equal(read_line("{\"kind\":7,\"ts_ms\":1,\"cpu_usage\":1}"), -EBADMSG);
        assert_int_equal(read_line("{\"kind\":\"tree\",\"ts_ms\":1}"), -EBADMSG);
        assert_int_equal(read_line("{\"kind\":\"sample\",\"cpu_usage\":1}"), -EBADMSG);
        assert_int_equal(read_line("{\"kind\":\"sample\",\"ts_ms\":-1}"), -EBADMSG);
        assert_int_equal(read_line("{\"kind\":\"sample\",\"ts_ms\":9223372036854775807}"), -EBADMSG);
        assert_int_equal(read_line("{\"kind\":\"sample\",\"ts_ms\":1} {}"), -EBADMSG);
}

static void a_blank_line_is_no_line(void **state) {
        assert_int_equal(read_line(""), -ENODATA);
        assert_int_equal(read_line(" \r\n"), -ENODATA);
}

static void a_cut_line_is_refused_wherever_it_is_cut(void **state) {
        static const char line[] =
                "{\"kind\":\"tree\",\"ts_ms\":5,\"elapsed_us\":3,\"parent\":{\"ts_ms\":6,\"mem_rss_kb\":1},"
                "\"children\":[{\"pid\":7,\"command\":\"c\\u00fc\",\"metrics\":{\"mem_rss_kb\":2}}],"
                "\"aggregated\":{\"ts_ms\":5,\"mem_rss_kb\":3,\"process_count\":2}}";

        for (size_t n = 1; n < sizeof(line) - 1; n++)
                assert_int_equal(dn_reader_line(&reader, (struct dn_str){line, n}, &record), -EBADMSG);
        assert_int_equal(read_line(line), 0);
}

/* Nothing of one line shows in the next. */
static void a_reader_forgets(void **state) {
        assert_int_equal(read_line("{\"kind\":\"tree\",\"ts_ms\":5,\"elapsed_us\":7,\"parent\":{\"fd_count\":1},"
                                   "\"children\":[{\"pid\":3,\"command\":\"x\"}],\"aggregated\":{\"fd_count\":1}}"),
                         0);
        assert_int_equal(read_line("{\"kind\":\"sample\",\"ts_ms\":6}"), 0);
        assert_int_equal(of_whole(DN_fd_count), -1);
        assert_int_equal(of_process(0, DN_fd_count), -1);
        assert_int_equal(record.sample->elapsed_us, -1);
        assert_int_equal(processes(), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(what_was_written_comes_back_to_the_bit), TEST(any_tree_comes_back), TEST(a_tree_has_its_rows),
          TEST(keys_may_come_in_any_order), TEST(children_are_passed_over_where_nobody_wants_them),
          TEST(null_parent_and_null_aggregate_are_read), TEST(a_flat_sample_is_its_own_whole),
          TEST(an_aggregate_alone_is_read), TEST(untagged_lines_are_told_by_their_shape),
          TEST(old_names_of_the_network_are_read), TEST(an_untagged_line_is_passed_on_with_its_kind),
          TEST(facts_are_kind_and_text), TEST(an_exit_of_an_older_release_knows_little),
          TEST(numbers_that_can_not_be_are_not_known), TEST(what_is_no_record_is_refused),
          TEST(a_blank_line_is_no_line), TEST(a_cut_line_is_refused_wherever_it_is_cut), TEST(a_reader_forgets))
