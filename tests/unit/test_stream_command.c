/* SPDX-License-Identifier: GPL-3.0-or-later
 * Streams of commands: the records that come, and what they say. */
#include "streams.h"

static void a_run_is_metadata_then_trees_then_its_exit(void **state) {
        const denet_record *record;
        int n = 0, trees = 0, last = 0;
        denet *d = run(OPTIONS(.interval_ms = 20), ARGV((char *)"sleep", (char *)"0.2"));

        while (denet_next(d, 10000, &record) == 1) {
                last = denet_record_kind(record);
                assert_int_equal(last == DENET_METADATA, n++ == 0);
                assert_true(denet_record_ts_ms(record) > 1600000000000);
                trees += last == DENET_TREE;
        }
        assert_int_equal(last, DENET_EXIT);
        assert_true(trees >= 2);
        assert_int_equal(denet_next(d, -1, &record), 0);
        assert_int_equal(denet_next(d, 0, &record), 0);
        assert_ended(d, 0, -1);
        denet_free(d);
}

static void how_the_command_ended_is_told(void **state) {
        denet *d = run(NULL, SHELL("exit 7"));

        assert_non_null(strstr(denet_record_json(wait_for(d, DENET_EXIT), NULL), "\"exit_code\":7"));
        assert_ended(d, 7, -1);
        denet_free(d);
        d = run(NULL, SHELL("kill -9 $$"));
        assert_non_null(strstr(denet_record_json(wait_for(d, DENET_EXIT), NULL), "\"signal\":9"));
        assert_ended(d, -1, 9);
        denet_free(d);
}

static void what_it_wrote_is_exact(void **state) {
        const denet_record *record;
        denet *d = run(OPTIONS(.stdio = (int[]){-1, -1, 2}),
                       SHELL("head -c 100000 /dev/zero; (head -c 2345 /dev/zero; head -c 7 /dev/zero) | cat"));

        record = wait_for(d, DENET_EXIT);
        assert_int_equal(steps_of(record, DENET_WHOLE, "syscall_write_bytes"), 100000 + 2 * 2352);
        denet_free(d);
}

static void the_command_gets_what_it_is_given(void **state) {
        char path[32], content[128] = "", expected[128];
        int directory = make_directory(path);
        int out = openat(directory, "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        denet *d = run(OPTIONS(.cwd = path, .env = ARGV((char *)"GREETING=hello"), .stdio = (int[]){-1, out, -1},
                               .nofile = 99),
                       SHELL("echo $GREETING; pwd; ulimit -n"));

        go_to_end(d);
        denet_free(d);
        snprintf(expected, sizeof(expected), "hello\n%s\n99\n", path);
        assert_true(pread(out, content, sizeof(content) - 1, 0) > 0);
        assert_string_equal(content, expected);
        close(out);
        remove_directory(directory, path);
}

static void a_child_has_a_record_and_a_row_of_its_own(void **state) {
        const denet_record *record;
        const denet_row *row;
        int64_t child;
        denet *d = run(OPTIONS(.interval_ms = 20), SHELL("sleep 0.3; exit 0"));

        record = wait_for(d, DENET_CHILD);
        child = atoll(strstr(denet_record_json(record, NULL), "\"pid\":") + 6);
        while (!(row = denet_record_row(wait_for(d, DENET_TREE), DENET_CHILDREN, 0)))
                ;
        assert_int_equal(denet_row_pid(row), child);
        assert_true(child != denet_pid(d));
        go_to_end(d);
        denet_free(d);
}

static void without_children_records_are_samples(void **state) {
        const denet_record *record;
        denet *d = run(OPTIONS(.interval_ms = 20, .flags = DENET_EXCLUDE_CHILDREN), SHELL("sleep 0.1; exit 0"));

        while (denet_next(d, 10000, &record) == 1) {
                assert_int_not_equal(denet_record_kind(record), DENET_TREE);
                assert_int_not_equal(denet_record_kind(record), DENET_CHILD);
                assert_null(denet_record_row(record, DENET_CHILDREN, 0));
        }
        denet_free(d);
}

static void the_env_record_comes_first_when_it_is_wanted(void **state) {
        const denet_record *record;
        denet *d = run(OPTIONS(.flags = DENET_WRITE_ENV), ARGV((char *)"true"));

        assert_int_equal(denet_next(d, 0, &record), 1);
        assert_int_equal(denet_record_kind(record), DENET_ENV);
        assert_int_equal(denet_next(d, 0, &record), 1);
        assert_int_equal(denet_record_kind(record), DENET_METADATA);
        go_to_end(d);
        denet_free(d);
}

static void without_polling_samples_come_when_asked_for(void **state) {
        const denet_record *record;
        denet *d = run(OPTIONS(.flags = DENET_NO_POLLING), ARGV((char *)"sleep", (char *)"20"));

        wait_for(d, DENET_METADATA);
        assert_int_equal(denet_next(d, 300, &record), -EAGAIN);
        assert_int_equal(denet_sample(d), 0);
        assert_true(readable(d));
        assert_int_equal(denet_next(d, 0, &record), 1);
        assert_int_equal(denet_record_kind(record), DENET_TREE);
        assert_int_equal(denet_next(d, 50, &record), -EAGAIN);
        assert_int_equal(denet_signal(d, SIGKILL), 0);
        go_to_end(d);
        assert_int_equal(denet_sample(d), -ESRCH);
        assert_int_equal(denet_signal(d, SIGKILL), -ESRCH);
        assert_int_equal(denet_stop(d), -ESRCH);
        denet_free(d);
}

static void every_tree_is_later_than_the_one_before(void **state) {
        const denet_record *record;
        long long last = -1;
        denet *d = run(OPTIONS(.interval_ms = 10, .flags = DENET_WAIT_ALL), SHELL("sleep 0.15 & sleep 0.05 & exit 0"));

        while (denet_next(d, 10000, &record) == 1) {
                const char *json = denet_record_json(record, NULL), *elapsed = strstr(json, "\"elapsed_us\":");

                if (denet_record_kind(record) != DENET_TREE)
                        continue;
                assert_true(atoll(elapsed + 13) > last);
                last = atoll(elapsed + 13);
        }
        denet_free(d);
}

/* A record waits in the queue behind the one that was pulled, and meanwhile a later sample is made. */
static void a_record_that_waits_stays_as_it_is(void **state) {
        const denet_record *record;
        long long child;
        char ts[32];
        denet *d = run(OPTIONS(.flags = DENET_NO_POLLING), SHELL("sleep 20; exit 0"));

        usleep(50000);
        wait_for(d, DENET_METADATA);
        denet_sample(d);
        record = wait_for(d, DENET_CHILD); /* its tree waits */
        child = atoll(strstr(denet_record_json(record, NULL), "\"pid\":") + 6);
        usleep(30000);
        denet_stop(d);
        denet_stop(d);
        while (denet_next(d, 10000, &record) == 1)
                if (denet_record_kind(record) == DENET_TREE) {
                        snprintf(ts, sizeof(ts), "\"ts_ms\":%lld,", (long long)denet_record_ts_ms(record));
                        assert_non_null(strstr(denet_record_json(record, NULL), ts));
                }
        denet_free(d);
        kill((pid_t)child, SIGKILL);
        while (waitpid(-1, NULL, 0) > 0)
                ;
}

/* This test is no subreaper; the program is. */
static void without_a_subreaper_a_tree_with_children_says_that_its_totals_are_a_lower_bound(void **state) {
        denet *d = run(NULL, SHELL("sleep 0.3; exit 0"));

        assert_non_null(strstr(denet_record_json(wait_for(d, DENET_EXIT), NULL), "\"lower_bound\""));
        denet_free(d);
        d = run(OPTIONS(.interval_ms = 10000), SHELL("/bin/true; exit 0"));
        assert_non_null(strstr(denet_record_json(wait_for(d, DENET_EXIT), NULL), "\"lower_bound\""));
        denet_free(d);
        d = run(NULL, ARGV((char *)"true"));
        assert_null(strstr(denet_record_json(wait_for(d, DENET_EXIT), NULL), "\"lower_bound\""));
        denet_free(d);
}

RUN_TESTS(LEAVES_NOTHING(a_run_is_metadata_then_trees_then_its_exit), LEAVES_NOTHING(how_the_command_ended_is_told),
          LEAVES_NOTHING(what_it_wrote_is_exact), LEAVES_NOTHING(the_command_gets_what_it_is_given),
          LEAVES_NOTHING(a_child_has_a_record_and_a_row_of_its_own),
          LEAVES_NOTHING(without_children_records_are_samples),
          LEAVES_NOTHING(the_env_record_comes_first_when_it_is_wanted),
          LEAVES_NOTHING(without_polling_samples_come_when_asked_for),
          LEAVES_NOTHING(every_tree_is_later_than_the_one_before), LEAVES_NOTHING(a_record_that_waits_stays_as_it_is),
          LEAVES_NOTHING(without_a_subreaper_a_tree_with_children_says_that_its_totals_are_a_lower_bound))
