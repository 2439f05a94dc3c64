/* SPDX-License-Identifier: GPL-3.0-or-later
 * Streams of saved records: what was written reads back to the bit, and what is broken is told. */
#include "model/summary.h"
#include "streams.h"

enum { PARTS = DENET_STACKS + 1, IDS = 128 };

/* All that a caller can see of it. A line does not say the main process's pid and name, nor the whole's. */
static void describe(const denet_record *record, struct dn_text *text) {
        dn_text_printf(text, "%d %lld\n", denet_record_kind(record), (long long)denet_record_ts_ms(record));
        for (int part = 0; part < PARTS; part++) {
                const denet_row *row;

                for (size_t i = 0; (row = denet_record_row(record, part, i)); i++) {
                        dn_text_printf(text, "  %d.%zu", part, i);
                        if (part == DENET_CHILDREN)
                                dn_text_printf(text, " %lld %s", (long long)denet_row_pid(row), denet_row_name(row));
                        for (int id = 0; id < IDS; id++) {
                                int64_t steps;

                                if (denet_row_steps(row, id, &steps) == 0)
                                        dn_text_printf(text, " %s=%lld", denet_field_at(id)->name, (long long)steps);
                        }
                        dn_text_put_char(text, '\n');
                }
        }
}

/* The first line that differs, where one does. */
static void assert_same_lines(const struct dn_text *a, const struct dn_text *b) {
        struct dn_str rest_a = dn_text_str(a), rest_b = dn_text_str(b), line_a, line_b;

        while (dn_str_cut(&rest_a, '\n', &line_a) && dn_str_cut(&rest_b, '\n', &line_b))
                if (!dn_str_equal(line_a, line_b))
                        fail_msg("\n%.*s\n%.*s", (int)line_a.n, line_a.p, (int)line_b.n, line_b.p);
        assert_int_equal(a->n, b->n);
}

static void assert_same_numbers(denet_summary *a, denet_summary *b) {
        for (int i = 0; i < dn_summary_n_entries; i++) {
                char name[64];
                double x = -1, y = -1;

                snprintf(name, sizeof(name), "%.*s", (int)dn_summary_entries[i].name.n, dn_summary_entries[i].name.p);
                assert_int_equal(denet_summary_number(a, name, &x), denet_summary_number(b, name, &y));
                if (x != y)
                        fail_msg("%s: %.17g and %.17g", name, x, y);
        }
        assert_string_equal(denet_summary_json(a, NULL), denet_summary_json(b, NULL));
}

/* Takes up all of a stream: its text, what can be seen of each record, and the summary. */
static void take_all(denet *d, struct dn_text *lines, struct dn_text *seen, denet_summary *summary) {
        const denet_record *record;
        size_t size;
        int r;

        while ((r = denet_next(d, 10000, &record)) == 1) {
                const char *json = denet_record_json(record, &size);

                assert_int_equal(strlen(json), size);
                assert_null(strchr(json, '\n'));
                assert_ptr_equal(denet_record_json(record, NULL), json);
                dn_text_put(lines, (struct dn_str){json, size});
                dn_text_put_char(lines, '\n');
                describe(record, seen);
                assert_int_equal(denet_summary_add(summary, record), 0);
        }
        assert_int_equal(r, 0);
}

static void assert_reads_back(denet *live) {
        dn_autotext struct dn_text lines = {0}, seen = {0}, again = {0}, seen_again = {0};
        denet_summary *summary = denet_summary_new(), *summary_again = denet_summary_new();
        denet *saved;

        take_all(live, &lines, &seen, summary);
        assert_int_equal(denet_parse(&saved, NULL, lines.p, lines.n, NULL), 0);
        take_all(saved, &again, &seen_again, summary_again);
        assert_same_lines(&again, &lines);
        assert_same_lines(&seen_again, &seen);
        assert_same_numbers(summary, summary_again);
        denet_free(saved);
        assert_null(denet_summary_free(summary));
        denet_summary_free(summary_again);
}

static void what_was_written_reads_back_to_the_bit(void **state) {
        denet *d = run(
                OPTIONS(.interval_ms = 10, .flags = DENET_WRITE_ENV, .stdio = (int[]){-1, -1, 2}),
                SHELL("i=0; while [ $i -lt 30 ]; do head -c 5000 /dev/urandom | cksum; i=$((i+1)); done; sleep 0.1"));

        assert_reads_back(d);
        denet_free(d);
}

static void a_single_process_reads_back_to_the_bit(void **state) {
        denet *d = run(OPTIONS(.interval_ms = 10, .flags = DENET_EXCLUDE_CHILDREN),
                       SHELL("i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done"));

        assert_reads_back(d);
        denet_free(d);
}

static void a_run_without_a_sample_reads_back_to_the_bit(void **state) {
        denet *d = run(OPTIONS(.flags = DENET_NO_POLLING), ARGV((char *)"true"));

        assert_reads_back(d);
        denet_free(d);
}

static void an_attached_tree_reads_back_to_the_bit(void **state) {
        pid_t pid = start_sleeper();
        denet *d = attach(OPTIONS(.interval_ms = 10, .duration_ms = 100), pid);

        assert_reads_back(d);
        denet_free(d);
        end(pid);
}

static void a_sample_says_how_long_it_is_since_monitoring_began(void **state) {
        static const char lines[] = "{\"kind\":\"sample\",\"ts_ms\":1700000000000,\"elapsed_us\":123,\"cpu_usage\":1}\n"
                                    "{\"kind\":\"sample\",\"ts_ms\":1700000000001,\"cpu_usage\":1}\n"
                                    "{\"kind\":\"exit\",\"ts_ms\":1700000000002}\n";
        static const int64_t expected_us[] = {123, -1, -1};
        const denet_record *record;
        denet *d = parse(lines);

        for (size_t i = 0; i < DN_COUNT(expected_us); i++) {
                assert_int_equal(denet_next(d, 0, &record), 1);
                assert_int_equal(denet_record_elapsed_us(record), expected_us[i]);
        }
        denet_free(d);
}

static void a_broken_line_is_told_and_left_out(void **state) {
        const denet_record *record;
        uint64_t done, total;
        denet *d = parse("{\"kind\":\"exit\",\"ts_ms\":1,\"exit_code\":3}\nrubbish\n\n"
                         "{\"kind\":\"exit\",\"ts_ms\":2}\n{\"kind\":\"exit\",\"ts_ms\":3}");

        assert_int_equal(denet_line(d), 0);
        assert_int_equal(denet_progress(d, &done, &total), 0);
        assert_int_equal(done, 0);
        assert_int_equal(denet_next(d, -1, &record), 1);
        assert_int_equal(denet_record_ts_ms(record), 1);
        assert_int_equal(denet_line(d), 1);
        assert_int_equal(denet_next(d, -1, &record), -EBADMSG);
        assert_int_equal(denet_line(d), 2);
        assert_int_equal(denet_next(d, -1, &record), 1);
        assert_int_equal(denet_record_ts_ms(record), 2);
        assert_int_equal(denet_line(d), 4);
        assert_int_equal(denet_progress(d, &done, &total), 0);
        assert_true(done > 0 && done < total);
        assert_int_equal(denet_next(d, -1, &record), 0); /* the last one was cut */
        assert_int_equal(denet_next(d, -1, &record), 0);
        denet_free(d);
}

static void nothing_reads_as_nothing(void **state) {
        const denet_record *record;
        denet *d;

        assert_int_equal(denet_parse(&d, NULL, NULL, 0, NULL), 0);
        assert_int_equal(denet_next(d, 0, &record), 0);
        denet_free(d);
        d = parse("\n\n\n");
        assert_int_equal(denet_next(d, 0, &record), 0);
        denet_free(d);
}

static void a_file_has_no_process(void **state) {
        int code, number;
        denet *d = parse("{\"kind\":\"exit\",\"ts_ms\":1}\n");

        assert_int_equal(denet_fd(d), -ENOTSUP);
        assert_int_equal(denet_pid(d), -ESRCH);
        assert_int_equal(denet_sample(d), -ESRCH);
        assert_int_equal(denet_signal(d, SIGTERM), -ESRCH);
        assert_int_equal(denet_stop(d), -ESRCH);
        assert_int_equal(denet_status(d, &code, &number), -ESRCH);
        denet_free(d);
}

static void a_command_has_no_lines(void **state) {
        uint64_t done, total;
        denet *d = run(NULL, ARGV((char *)"true"));

        assert_int_equal(denet_line(d), 0);
        assert_int_equal(denet_progress(d, &done, &total), -ENODATA);
        go_to_end(d);
        denet_free(d);
}

static void what_cannot_be_opened_is_said(void **state) {
        denet_error error = {0};
        denet *d = NULL;

        assert_int_equal(denet_read(&d, NULL, "/nowhere/at/all", &error), -ENOENT);
        assert_int_equal(error.code, -ENOENT);
        assert_non_null(strstr(error.text, "/nowhere/at/all"));
        assert_int_equal(denet_read(&d, NULL, "/tmp", &error), -EISDIR);
        assert_int_equal(denet_read(&d, NULL, "", &error), -ENOENT);
        assert_int_equal(denet_read(&d, NULL, "/etc/passwd/x", NULL), -ENOTDIR);
        assert_null(d);
}

static void a_file_is_read_through_a_sink_and_back(void **state) {
        dn_autotext struct dn_text again = {0}, seen = {0}, seen_again = {0};
        denet_summary *summary = denet_summary_new(), *summary_again = denet_summary_new();
        char path[32], file[64];
        int directory = make_directory(path);
        const denet_record *record;
        denet_sink *sink;
        uint64_t done, total;
        denet *d = run(OPTIONS(.interval_ms = 10), SHELL("sleep 0.1; exit 2"));

        snprintf(file, sizeof(file), "%s/run.jsonl", path);
        assert_int_equal(denet_sink_open(&sink, file, NULL, NULL), 0);
        while (denet_next(d, 10000, &record) == 1) {
                describe(record, &seen);
                denet_summary_add(summary, record);
                assert_int_equal(denet_sink_write(sink, record), 0);
        }
        assert_int_equal(denet_sink_lost(sink), 0);
        assert_int_equal(denet_sink_close(sink), 0);
        denet_free(d);
        assert_int_equal(denet_read(&d, NULL, file, NULL), 0);
        take_all(d, &again, &seen_again, summary_again);
        assert_int_equal(denet_progress(d, &done, &total), 0);
        assert_int_equal(done, total);
        denet_free(d);
        assert_same_lines(&seen_again, &seen);
        assert_same_numbers(summary, summary_again);
        denet_summary_free(summary);
        denet_summary_free(summary_again);
        remove_directory(directory, path);
}

RUN_TESTS(LEAVES_NOTHING(what_was_written_reads_back_to_the_bit),
          LEAVES_NOTHING(a_single_process_reads_back_to_the_bit),
          LEAVES_NOTHING(a_run_without_a_sample_reads_back_to_the_bit),
          LEAVES_NOTHING(an_attached_tree_reads_back_to_the_bit), LEAVES_NOTHING(a_broken_line_is_told_and_left_out),
          LEAVES_NOTHING(a_sample_says_how_long_it_is_since_monitoring_began), LEAVES_NOTHING(nothing_reads_as_nothing),
          LEAVES_NOTHING(a_file_has_no_process), LEAVES_NOTHING(a_command_has_no_lines),
          LEAVES_NOTHING(what_cannot_be_opened_is_said), LEAVES_NOTHING(a_file_is_read_through_a_sink_and_back))
