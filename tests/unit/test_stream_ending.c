/* SPDX-License-Identifier: GPL-3.0-or-later
 * How a stream ends, is stopped or freed, and what becomes of its processes and of the caller's others. */
#include "streams.h"

static void stopping_ends_the_command(void **state) {
        denet *d = run(NULL, ARGV((char *)"sleep", (char *)"20"));

        assert_int_equal(denet_stop(d), 0);
        go_to_end(d);
        assert_ended(d, -1, SIGTERM);
        denet_free(d);
}

static void a_duration_stops_it_too(void **state) {
        int64_t before = now_ms();
        denet *d = run(OPTIONS(.duration_ms = 200), ARGV((char *)"sleep", (char *)"20"));

        go_to_end(d);
        assert_in_range(now_ms() - before, 199, 5000);
        assert_ended(d, -1, SIGTERM);
        denet_free(d);
}

/* The caller comes back when both are over. */
static void who_outlives_the_command_does_not_outlive_the_duration(void **state) {
        const denet_record *record;
        denet *d = run(OPTIONS(.interval_ms = 10, .duration_ms = 400), SHELL("sleep 30 & sleep 0.2"));

        for (int children = 0; children < 2;) {
                record = wait_for(d, DENET_TREE);
                for (children = 0; denet_record_row(record, DENET_CHILDREN, (size_t)children);)
                        children++;
        }
        usleep(600000);
        record = wait_for(d, DENET_EXIT);
        assert_null(strstr(denet_record_json(record, NULL), "still_running"));
        assert_ended(d, 0, -1);
        denet_free(d);
}

static void a_second_stop_does_not_wait(void **state) {
        int64_t before = now_ms();
        const denet_record *record;
        pid_t pid;
        denet *d = run(OPTIONS(.interval_ms = 10),
                       SHELL("trap '' TERM; i=0; while [ $i -lt 2000 ]; do sleep 0.01; i=$((i+1)); done"));

        wait_for(d, DENET_CHILD);
        pid = (pid_t)denet_pid(d);
        assert_int_equal(denet_stop(d), 0);
        assert_int_equal(denet_stop(d), 0);
        record = wait_for(d, DENET_EXIT);
        assert_null(strstr(denet_record_json(record, NULL), "\"still_running\":0"));
        assert_true(now_ms() - before < 4000);
        assert_ended(d, -1, -1);
        denet_free(d);
        assert_int_equal(kill(pid, 0), 0);
        end(pid);
}

/* Who does not listen, and what it has started meanwhile, is killed five seconds later. */
static void who_does_not_stop_is_killed_with_all_it_started(void **state) {
        int64_t before = now_ms(), child;
        const denet_record *record;
        denet *d = run(NULL, SHELL("trap '' TERM; sleep 20 & wait; sleep 20"));

        record = wait_for(d, DENET_CHILD);
        child = atoll(strstr(denet_record_json(record, NULL), "\"pid\":") + 6);
        assert_int_equal(denet_stop(d), 0);
        go_to_end(d);
        assert_in_range(now_ms() - before, 4900, 9000);
        assert_ended(d, -1, SIGKILL);
        denet_free(d);
        for (int i = 0; i < 100 && kill((pid_t)child, 0) == 0; i++) {
                char path[64], line[64] = "";
                dn_autoclose int fd = -1;

                snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
                fd = open(path, O_RDONLY | O_CLOEXEC);
                if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0 || strstr(line, ") Z "))
                        return; /* whoever adopted it may leave it a zombie */
                usleep(10000);
        }
        assert_int_not_equal(kill((pid_t)child, 0), 0);
}

static void a_command_goes_on_when_its_stream_is_freed(void **state) {
        const denet_record *record;
        pid_t pid;
        denet *d = run(NULL, ARGV((char *)"sleep", (char *)"20"));

        assert_int_equal(denet_next(d, 0, &record), 1);
        pid = (pid_t)denet_pid(d);
        assert_null(denet_free(d));
        usleep(20000);
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
        end(pid);
}

static void two_streams_share_nothing(void **state) {
        denet *a = run(OPTIONS(.interval_ms = 10), SHELL("sleep 0.2; exit 1"));
        denet *b = run(OPTIONS(.interval_ms = 10), SHELL("sleep 0.1; kill -15 $$"));
        const denet_record *record;
        int a_next = 1, b_next = 1;

        assert_true(denet_pid(a) != denet_pid(b));
        while (a_next || b_next) {
                a_next = a_next ? denet_next(a, 5, &record) : 0;
                assert_true(a_next >= 0 || a_next == -EAGAIN);
                b_next = b_next ? denet_next(b, 5, &record) : 0;
                assert_true(b_next >= 0 || b_next == -EAGAIN);
        }
        assert_ended(a, 1, -1);
        assert_ended(b, -1, 15);
        denet_free(a);
        denet_free(b);
}

/* Its other children are the caller's to wait for. */
static void other_children_of_the_caller_are_left_alone(void **state) {
        pid_t pid = fork();
        denet *d;
        int status;

        if (pid == 0)
                _exit(6);
        d = run(OPTIONS(.interval_ms = 10), ARGV((char *)"sleep", (char *)"0.1"));
        go_to_end(d);
        denet_free(d);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), 6);
}

static void a_command_that_somebody_else_waits_for_ends_the_stream(void **state) {
        denet *d = run(OPTIONS(.interval_ms = 10), ARGV((char *)"sleep", (char *)"0.1"));
        int code = -7, number = -7;

        assert_int_equal(waitpid((pid_t)denet_pid(d), NULL, 0), denet_pid(d));
        go_to_end(d);
        assert_int_equal(denet_status(d, &code, &number), 0);
        assert_int_equal(code, -1); /* it is not known how */
        assert_int_equal(number, -1);
        denet_free(d);
}

/* An orphan in a session of its own too, and without the five seconds of a stop. */
static void a_kill_ends_the_whole_tree_at_once(void **state) {
        int64_t before = now_ms();
        const denet_record *record;
        denet *d = run(OPTIONS(.interval_ms = 10), SHELL("trap '' TERM; (setsid sleep 30 &); sleep 30"));

        for (int children = 0; children < 2;) {
                record = wait_for(d, DENET_TREE);
                for (children = 0; denet_record_row(record, DENET_CHILDREN, (size_t)children);)
                        children++;
        }
        assert_int_equal(denet_kill(d), 0);
        record = wait_for(d, DENET_EXIT);
        assert_null(strstr(denet_record_json(record, NULL), "still_running"));
        assert_true(now_ms() - before < 4500);
        assert_ended(d, -1, SIGKILL);
        assert_int_equal(denet_kill(d), -ESRCH);
        denet_free(d);
}

RUN_TESTS(LEAVES_NOTHING(stopping_ends_the_command), LEAVES_NOTHING(a_duration_stops_it_too),
          LEAVES_NOTHING(who_outlives_the_command_does_not_outlive_the_duration),
          LEAVES_NOTHING(a_second_stop_does_not_wait), LEAVES_NOTHING(who_does_not_stop_is_killed_with_all_it_started),
          LEAVES_NOTHING(a_command_goes_on_when_its_stream_is_freed), LEAVES_NOTHING(two_streams_share_nothing),
          LEAVES_NOTHING(other_children_of_the_caller_are_left_alone),
          LEAVES_NOTHING(a_command_that_somebody_else_waits_for_ends_the_stream),
          LEAVES_NOTHING(a_kill_ends_the_whole_tree_at_once))
