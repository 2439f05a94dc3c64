/* SPDX-License-Identifier: GPL-3.0-or-later
 * Streams of processes that there are already: a child that its caller holds, one that runs, the caller itself. */
#include "streams.h"

#include <sys/socket.h>

/* ----------------------------------------------------------------------------------------------------- adopting */

static void hold(int release, int report, char *const *argv) {
        struct pollfd p = {.fd = release, .events = POLLIN};
        int error;

        while (poll(&p, 1, -1) < 0)
                ;
        if (p.revents & POLLHUP)
                _exit(99);
        execvp(argv[0], argv);
        error = errno;
        _exit(write(report, &error, sizeof(error)) == sizeof(error) ? 98 : 97);
}

/* As a caller does it: a fork of its own, that waits. */
static denet_held hold_child(char *const *argv) {
        int release[2], report[2];
        denet_held held;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, release), 0);
        assert_int_equal(pipe2(report, O_CLOEXEC), 0);
        held = (denet_held){.pid = fork(), .release = release[1], .report = report[0]};
        assert_true(held.pid >= 0);
        if (held.pid == 0) {
                close(release[1]);
                hold(release[0], report[1], argv);
        }
        close(release[0]);
        close(report[1]);
        return held;
}

static void a_held_child_of_the_caller_is_watched_from_its_exec_on(void **state) {
        char *const *argv = SHELL("head -c 100000 /dev/zero >/dev/null; exit 7");
        denet_held held = hold_child(argv);
        const denet_record *record;
        denet *d = NULL;

        assert_int_equal(denet_adopt(&d, NULL, &held, argv, NULL), 0);
        assert_int_equal(denet_pid(d), held.pid);
        record = wait_for(d, DENET_METADATA);
        assert_non_null(strstr(denet_record_json(record, NULL), "\"cmd\":[\"/bin/sh\",\"-c\",\"head"));
        record = wait_for(d, DENET_EXIT);
        assert_in_range(steps_of(record, DENET_WHOLE, "syscall_write_bytes"), 100000, 101000);
        assert_ended(d, 7, -1);
        denet_free(d);
        assert_int_equal(waitpid((pid_t)held.pid, NULL, 0), -1);
}

static void a_held_child_that_cannot_exec_is_said_and_waited_for(void **state) {
        denet_held held = hold_child(ARGV((char *)"denet-no-such-program"));
        denet_error error = {0};
        denet *d = NULL;

        assert_int_equal(denet_adopt(&d, NULL, &held, ARGV((char *)"denet-no-such-program"), &error), -ENOENT);
        assert_non_null(strstr(error.text, "denet-no-such-program"));
        assert_int_equal(waitpid((pid_t)held.pid, NULL, 0), -1);
        held = hold_child(ARGV((char *)"true"));
        assert_int_equal(denet_adopt(&d, NULL, &held, NULL, &error), -EINVAL);
        assert_int_equal(waitpid((pid_t)held.pid, NULL, 0), -1);
        held = hold_child(ARGV((char *)"true"));
        assert_int_equal(denet_adopt(&d, OPTIONS(.children = 77), &held, ARGV((char *)"true"), &error), -EINVAL);
        assert_int_equal(waitpid((pid_t)held.pid, NULL, 0), -1);
        assert_null(d);
}

/* ---------------------------------------------------------------------------------------------------- attaching */

static void an_attached_process_is_let_go_on_stop(void **state) {
        const denet_record *record;
        pid_t pid = start_sleeper();
        denet *d = attach(OPTIONS(.interval_ms = 10), pid);

        assert_int_equal(denet_pid(d), pid);
        record = wait_for(d, DENET_TREE);
        assert_int_equal(denet_row_pid(denet_record_row(record, DENET_MAIN, 0)), pid);
        assert_null(denet_record_row(record, DENET_MAIN, 1));
        assert_int_equal(denet_stop(d), 0);
        record = wait_for(d, DENET_EXIT);
        assert_non_null(strstr(denet_record_json(record, NULL), "\"still_running\":1"));
        assert_ended(d, -1, -1);
        go_to_end(d);
        denet_free(d);
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
        end(pid);
}

/* It may be a child of the caller, and is still not denet's to wait for. */
static void an_attached_process_that_ends_ends_the_stream(void **state) {
        pid_t pid = start_sleeper();
        denet *d = attach(OPTIONS(.interval_ms = 10), pid);
        int status;

        wait_for(d, DENET_TREE);
        assert_int_equal(denet_signal(d, SIGTERM), 0);
        go_to_end(d);
        assert_ended(d, -1, -1);
        denet_free(d);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WTERMSIG(status), SIGTERM);
}

static int64_t own_cpu_us(void) {
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* What it used between the two calls, to the microseconds that the calls themselves take. */
static void a_process_may_watch_itself(void **state) {
        const int64_t to_burn_us = 50000, calls_us = 20000;
        denet *d = attach(OPTIONS(.interval_ms = 1000), getpid());
        int64_t begun_us = own_cpu_us(), used_us, counted_us;
        const denet_record *record;

        while (own_cpu_us() - begun_us < to_burn_us)
                ;
        assert_int_equal(denet_stop(d), 0);
        record = wait_for(d, DENET_EXIT);
        used_us = own_cpu_us() - begun_us;
        counted_us = steps_of(record, DENET_WHOLE, "cpu_user_secs") + steps_of(record, DENET_WHOLE, "cpu_system_secs");
        assert_true(counted_us >= to_burn_us && counted_us <= used_us + calls_us);
        go_to_end(d);
        denet_free(d);
}

static void what_cannot_be_attached_to_is_said(void **state) {
        static const int64_t nobody[] = {0, -1, INT32_MAX, INT64_MAX, INT64_MIN};
        denet_error error = {0};
        denet *d = NULL;
        pid_t pid = start_sleeper();

        for (size_t i = 0; i < DN_COUNT(nobody); i++) {
                error = (denet_error){0};
                assert_int_equal(denet_attach(&d, NULL, nobody[i], &error), -ESRCH);
                assert_int_equal(error.code, -ESRCH);
                assert_true(strlen(error.text) > 10);
        }
        end(pid);
        assert_int_equal(denet_attach(&d, NULL, pid, NULL), -ESRCH);
        assert_null(d);
}

RUN_TESTS(LEAVES_NOTHING(a_held_child_of_the_caller_is_watched_from_its_exec_on),
          LEAVES_NOTHING(a_held_child_that_cannot_exec_is_said_and_waited_for),
          LEAVES_NOTHING(an_attached_process_is_let_go_on_stop),
          LEAVES_NOTHING(an_attached_process_that_ends_ends_the_stream), LEAVES_NOTHING(a_process_may_watch_itself),
          LEAVES_NOTHING(what_cannot_be_attached_to_is_said))
