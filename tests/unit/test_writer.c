/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "records.h"

static void assert_line(struct made *m, const char *expected) {
        struct dn_str line = dn_writer_text(m->writer, &m->record);

        assert_non_null(line.p);
        assert_int_equal(line.p[line.n], '\0');
        assert_string_equal(line.p, expected);
}

static void a_tree_has_parent_children_and_aggregate(void **state) {
        made_cleanup struct made m;
        struct dn_row *row;

        make(&m, DN_TREE, true);
        dn_row_set(process_at(&m, 0), DN_cpu_usage, 1234, 1);
        dn_row_set(process_at(&m, 0), DN_uptime_secs, 9, 1);
        dn_row_set(process_at(&m, 0), DN_cpu_core, 2, 1);
        row = add_process(&m, 11, "a\"b\n");
        row->read_ns = 3999999;
        dn_row_set(row, DN_cpu_user_secs, 1500000, 1);
        row = dn_table_row(&m.sample.part[DN_WHOLE], 0);
        dn_row_set(row, DN_mem_rss_kb, 77, 1);
        dn_row_set(row, DN_process_count, 2, 1);
        dn_row_set(row, DN_uptime_secs, 9, 1);
        assert_line(&m, "{\"kind\":\"tree\",\"ts_ms\":1000,\"elapsed_us\":250,"
                        "\"parent\":{\"ts_ms\":1000,\"cpu_usage\":12.34,\"cpu_core\":2,\"uptime_secs\":9},"
                        "\"children\":[{\"pid\":11,\"command\":\"a\\\"b\\n\",\"metrics\":{\"ts_ms\":1003,"
                        "\"cpu_user_secs\":1.5}}],"
                        "\"aggregated\":{\"ts_ms\":1000,\"mem_rss_kb\":77,\"process_count\":2,\"uptime_secs\":9}}");
}

static void a_parent_that_has_ended_is_null_and_all_rows_are_children(void **state) {
        made_cleanup struct made m;

        make(&m, DN_TREE, false);
        add_process(&m, 11, "x");
        assert_line(&m, "{\"kind\":\"tree\",\"ts_ms\":1000,\"elapsed_us\":250,\"parent\":null,"
                        "\"children\":[{\"pid\":11,\"command\":\"x\",\"metrics\":{\"ts_ms\":1000}}],"
                        "\"aggregated\":{\"ts_ms\":1000}}");
}

static void a_sample_is_the_whole_of_one_process(void **state) {
        made_cleanup struct made m;
        struct dn_row *whole;

        make(&m, DN_SAMPLE, true);
        whole = dn_table_row(&m.sample.part[DN_WHOLE], 0);
        dn_row_set(whole, DN_mem_rss_kb, 77, 1);
        dn_row_set(whole, DN_fd_count, 4, 1);
        dn_row_set(whole, DN_process_count, 1, 1);
        dn_row_set(whole, DN_uptime_secs, 3, 1);
        dn_row_set(process_at(&m, 0), DN_cpu_core, 5, 1);
        dn_row_set(process_at(&m, 0), DN_mem_rss_kb, 1, 1);
        assert_line(&m, "{\"kind\":\"sample\",\"ts_ms\":1000,\"elapsed_us\":250,\"mem_rss_kb\":77,\"cpu_core\":5,"
                        "\"fd_count\":4,\"uptime_secs\":3}");
}

static void an_elapsed_time_that_is_not_known_is_left_out(void **state) {
        made_cleanup struct made m;

        make(&m, DN_SAMPLE, false);
        m.sample.elapsed_us = -1;
        assert_line(&m, "{\"kind\":\"sample\",\"ts_ms\":1000}");
}

static void what_did_not_change_is_not_made_again(void **state) {
        made_cleanup struct made m;
        struct dn_row *row;

        make(&m, DN_TREE, true);
        row = process_at(&m, 0);
        dn_row_set(row, DN_fd_count, 1, 1);
        dn_writer_text(m.writer, &m.record);
        m.sample.number = 2; /* here it is kept: nothing has changed */
        dn_writer_text(m.writer, &m.record);
        m.sample.number = 3;
        row->v[DN_fd_count] = 9; /* behind the writer's back: it must not look */
        dn_row_set(row, DN_uptime_secs, 4, 1);
        m.record.unix_ms = 1100;
        assert_line(&m, "{\"kind\":\"tree\",\"ts_ms\":1100,\"elapsed_us\":250,"
                        "\"parent\":{\"ts_ms\":1100,\"fd_count\":1,\"uptime_secs\":4},\"children\":[],"
                        "\"aggregated\":{\"ts_ms\":1100}}");
        m.sample.number = row->changed = 4;
        assert_line(&m, "{\"kind\":\"tree\",\"ts_ms\":1100,\"elapsed_us\":250,"
                        "\"parent\":{\"ts_ms\":1100,\"fd_count\":9,\"uptime_secs\":4},\"children\":[],"
                        "\"aggregated\":{\"ts_ms\":1100}}");
}

/* Rows grow and shrink, now and then all at once, so that a record comes over the one before it. */
static void change_some(struct made *m, uint64_t *random) {
        bool all = random_below(random, 8) == 0;

        m->sample.number++;
        m->sample.unix_ms += random_below(random, 1000000000);
        for (uint32_t i = 0; i < m->sample.part[DN_PROCESS].n; i++) {
                struct dn_row *row = process_at(m, i);

                row->read_ns = random_below(random, 100000000);
                for (int id = 0; id < DN_SHOWN && (all || random_below(random, 20) == 0); id++)
                        if (random_below(random, 3) == 0)
                                dn_row_unset(row, id, m->sample.number);
                        else
                                dn_row_set(row, id, (int64_t)(random_next(random) >> 2 >> random_below(random, 60)),
                                           m->sample.number);
        }
}

static void what_is_moved_from_the_record_before_reads_as_what_is_made_afresh(void **state) {
        enum { PROCESSES = 200, RECORDS = 100 };
        made_cleanup struct made m;
        uint64_t random = 5;

        make(&m, DN_TREE, true);
        for (int64_t pid = 1; pid < PROCESSES; pid++)
                add_process(&m, pid, pid % 7 ? "sleeper" : "a \"quoted\" one");
        for (int i = 0; i < RECORDS; i++) {
                struct denet_record afresh = m.record;

                change_some(&m, &random);
                if (random_below(&random, 10) == 0)
                        process_at(&m, random_below(&random, PROCESSES))->name = dn_str_of("renamed");
                if (random_below(&random, 10) == 0)
                        dn_writer_forget(m.writer, random_below(&random, PROCESSES));
                if (random_below(&random, 20) == 0)
                        dn_writer_exit_text(m.writer, &m.record, 1);
                afresh.writer = dn_writer_new();
                assert_line(&m, dn_writer_text(afresh.writer, &afresh).p);
                dn_writer_free(afresh.writer);
        }
}

static void a_slot_used_again_is_another_text(void **state) {
        made_cleanup struct made m;
        struct dn_row *row;

        make(&m, DN_TREE, true);
        row = process_at(&m, 0);
        dn_row_set(row, DN_fd_count, 1, 1);
        dn_writer_text(m.writer, &m.record);
        dn_writer_forget(m.writer, row->slot);
        dn_writer_forget(m.writer, 100000);
        row->key.pid = 99;
        row->v[DN_fd_count] = 2;
        m.sample.number = 2;
        assert_line(&m, "{\"kind\":\"tree\",\"ts_ms\":1000,\"elapsed_us\":250,"
                        "\"parent\":{\"ts_ms\":1000,\"fd_count\":2},\"children\":[],\"aggregated\":{\"ts_ms\":1000}}");
        row->key.pid = 98; /* also where nobody said that the other has left */
        row->v[DN_fd_count] = 3;
        m.sample.number = 3;
        assert_line(&m, "{\"kind\":\"tree\",\"ts_ms\":1000,\"elapsed_us\":250,"
                        "\"parent\":{\"ts_ms\":1000,\"fd_count\":3},\"children\":[],\"aggregated\":{\"ts_ms\":1000}}");
}

static int children_in(struct made *m) {
        struct dn_str line = dn_writer_text(m->writer, &m->record);
        int n = 0;

        for (const char *p = line.p; (p = strstr(p, "\"pid\"")); p++)
                n++;
        return n;
}

static void active_lists_those_that_changed_since_the_last_record(void **state) {
        made_cleanup struct made m;

        make(&m, DN_TREE, true);
        dn_writer_list(m.writer, 1);
        add_process(&m, 11, "x");
        add_process(&m, 12, "y");
        assert_int_equal(children_in(&m), 2);
        m.sample.number = 2;
        assert_int_equal(children_in(&m), 0);
        process_at(&m, 1)->changed = 3;
        m.sample.number = 4; /* sample 3 was given to nobody */
        assert_int_equal(children_in(&m), 1);
        assert_int_equal(children_in(&m), 1); /* a second sink asks for the same record */
        dn_writer_list(m.writer, 2);
        assert_int_equal(children_in(&m), 0);
        dn_writer_list(m.writer, 0);
        assert_int_equal(children_in(&m), 2);
}

static void text_that_stands_is_given_as_it_is(void **state) {
        struct denet_record r = {.kind = DN_TREE, .text = DN_STR("as it was read")};

        assert_str_is(dn_writer_text(NULL, &r), "as it was read");
        r.text = (struct dn_str){0};
        assert_null(dn_writer_text(NULL, &r).p);
}

static void an_exit_says_all_that_is_known_and_no_more(void **state) {
        made_cleanup struct made m;
        struct dn_row *whole;

        make(&m, DN_EXIT, false);
        m.record.sample = NULL;
        assert_line(&m, "{\"kind\":\"exit\",\"ts_ms\":1000,\"totals\":{}}");
        m.record.sample = &m.sample;
        m.exit = (struct dn_exit){.last_sample_to_exit_ms = 12,
                                  .code = 3,
                                  .signal = -1,
                                  .wall_us = 2500000,
                                  .peak_rss_kb = 9,
                                  .peak_rss_sum_kb = 8,
                                  .peak_rss_process_kb = 9,
                                  .processes_seen = 4,
                                  .still_running = 0};
        whole = dn_table_row(&m.sample.part[DN_WHOLE], 0);
        dn_row_set(whole, DN_cpu_user_secs, 1000000, 1);
        dn_row_set(whole, DN_cpu_system_secs, 1, 1);
        dn_row_set(whole, DN_syscall_read_bytes, 5, 1);
        dn_row_set(whole, DN_mem_rss_kb, 6, 1);
        assert_line(&m, "{\"kind\":\"exit\",\"ts_ms\":1000,\"last_sample_to_exit_ms\":12,\"exit_code\":3,"
                        "\"totals\":{\"wall_secs\":2.5,\"cpu_user_secs\":1.0,\"cpu_system_secs\":0.000001,"
                        "\"peak_mem_rss_kb\":9,\"peak_mem_rss_sum_kb\":8,\"peak_mem_rss_process_kb\":9,"
                        "\"processes_seen\":4,\"syscall_read_bytes\":5}}");
}

static void an_exit_names_what_makes_it_less_than_exact(void **state) {
        made_cleanup struct made m;

        make(&m, DN_EXIT, false);
        m.exit.signal = 9;
        m.exit.still_running = 2;
        m.exit.lower_bound = DN_STR("why");
        assert_line(&m, "{\"kind\":\"exit\",\"ts_ms\":1000,\"signal\":9,\"lower_bound\":{\"reason\":\"why\"},"
                        "\"still_running\":2,\"totals\":{}}");
        assert_str_is(dn_writer_exit_text(m.writer, &m.record, 7),
                      "{\"kind\":\"exit\",\"ts_ms\":1000,\"signal\":9,\"lower_bound\":{\"reason\":\"why\"},"
                      "\"still_running\":2,\"totals\":{\"lost_records\":7}}");
}

static void metadata_takes_the_command_from_argv_or_cmdline(void **state) {
        dn_autotext struct dn_text text = {0};
        char *argv[] = {(char *)"sh", (char *)"-c", (char *)"a b", NULL};
        struct dn_metadata m = {.t0_ms = 5, .pid = 7, .argv = argv, .memory_total_kb = -1, .memory_limit_kb = -1};

        dn_write_metadata(&text, &m);
        assert_text_is(&text, "{\"kind\":\"metadata\",\"pid\":7,\"cmd\":[\"sh\",\"-c\",\"a b\"],\"t0_ms\":5}");
        dn_text_reset(&text);
        m = (struct dn_metadata){.t0_ms = 5,
                                 .pid = 7,
                                 .cmdline = DN_STR("a\0\0b\0"),
                                 .executable = DN_STR("/bin/a"),
                                 .host = DN_STR("h"),
                                 .version = DN_STR("1.0"),
                                 .cores = 4,
                                 .memory_total_kb = 10,
                                 .memory_limit_kb = 5,
                                 .interval_ms = 100,
                                 .max_interval_ms = 1000,
                                 .capabilities = DN_STR("{\"psi\":{}}")};
        dn_write_metadata(&text, &m);
        assert_text_is(&text, "{\"kind\":\"metadata\",\"pid\":7,\"cmd\":[\"a\",\"\",\"b\"],\"executable\":\"/bin/a\","
                              "\"t0_ms\":5,\"host\":\"h\",\"cores\":4,\"memory_total_kb\":10,\"memory_limit_kb\":5,"
                              "\"interval_ms\":100,\"max_interval_ms\":1000,\"version\":\"1.0\","
                              "\"capabilities\":{\"psi\":{}}}");
}

static void a_child_without_a_command_line_has_an_empty_one(void **state) {
        dn_autotext struct dn_text text = {0};

        dn_write_child(&text, &(struct dn_child){.unix_ms = 1, .pid = 2, .ppid = 3});
        assert_text_is(&text, "{\"kind\":\"child\",\"ts_ms\":1,\"pid\":2,\"ppid\":3,\"cmd\":[]}");
        dn_text_reset(&text);
        dn_write_child(
                &text,
                &(struct dn_child){.unix_ms = 1, .pid = 2, .ppid = 3, .cmdline = DN_STR("x\0y"), .exe = DN_STR("/x")});
        assert_text_is(&text, "{\"kind\":\"child\",\"ts_ms\":1,\"pid\":2,\"ppid\":3,\"cmd\":[\"x\",\"y\"],"
                              "\"exe\":\"/x\"}");
}

RUN_TESTS(cmocka_unit_test(a_tree_has_parent_children_and_aggregate),
          cmocka_unit_test(a_parent_that_has_ended_is_null_and_all_rows_are_children),
          cmocka_unit_test(a_sample_is_the_whole_of_one_process),
          cmocka_unit_test(an_elapsed_time_that_is_not_known_is_left_out),
          cmocka_unit_test(what_did_not_change_is_not_made_again),
          cmocka_unit_test(what_is_moved_from_the_record_before_reads_as_what_is_made_afresh),
          cmocka_unit_test(a_slot_used_again_is_another_text),
          cmocka_unit_test(active_lists_those_that_changed_since_the_last_record),
          cmocka_unit_test(text_that_stands_is_given_as_it_is),
          cmocka_unit_test(an_exit_says_all_that_is_known_and_no_more),
          cmocka_unit_test(an_exit_names_what_makes_it_less_than_exact),
          cmocka_unit_test(metadata_takes_the_command_from_argv_or_cmdline),
          cmocka_unit_test(a_child_without_a_command_line_has_an_empty_one))
