/* SPDX-License-Identifier: GPL-3.0-or-later
 * The public interface: streams of commands, of processes that run, of saved records. */
#include "common.h"
#include "denet/denet.h"
#include "descriptors.h"
#include "model/summary.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#define ARGV(...) ((char *const[]){__VA_ARGS__, NULL})
#define SHELL(script) ARGV((char *)"/bin/sh", (char *)"-c", (char *)(script))
#define OPTIONS(...) (&(denet_options){.struct_size = sizeof(denet_options), __VA_ARGS__})

enum { PARTS = DENET_STACKS + 1, IDS = 128 };

static int64_t now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static denet *run(const denet_options *o, char *const *argv) {
        denet_error error = {0};
        denet *d = NULL;

        if (denet_run(&d, o, argv, &error) != 0)
                fail_msg("%s", error.text);
        return d;
}

static denet *attach(const denet_options *o, int64_t pid) {
        denet_error error = {0};
        denet *d = NULL;

        if (denet_attach(&d, o, pid, &error) != 0)
                fail_msg("%s", error.text);
        return d;
}

static denet *parse(const char *lines) {
        denet *d = NULL;

        assert_int_equal(denet_parse(&d, NULL, lines, strlen(lines), NULL), 0);
        return d;
}

/* The next record of this kind. */
static const denet_record *wait_for(denet *d, int kind) {
        const denet_record *record;
        int r;

        while ((r = denet_next(d, 10000, &record)) == 1)
                if (denet_record_kind(record) == kind)
                        return record;
        fail_msg("no record of kind %d: %d", kind, r);
        return NULL;
}

static void go_to_end(denet *d) {
        const denet_record *record;
        int r;

        while ((r = denet_next(d, 10000, &record)) == 1)
                assert_non_null(denet_record_json(record, NULL));
        assert_int_equal(r, 0);
}

static void assert_ended(denet *d, int code, int number) {
        int found_code = -7, found_signal = -7;

        assert_int_equal(denet_status(d, &found_code, &found_signal), 0);
        assert_int_equal(found_code, code);
        assert_int_equal(found_signal, number);
}

static bool readable(const denet *d) {
        struct pollfd p = {.fd = (int)denet_fd(d), .events = POLLIN};

        return poll(&p, 1, 0) == 1;
}

static pid_t start_sleeper(void) {
        pid_t pid = fork();

        if (pid == 0)
                for (;;)
                        pause();
        assert_true(pid > 0);
        return pid;
}

static void end(pid_t pid) {
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int64_t steps_of(const denet_record *record, int part, const char *field) {
        const denet_row *row = denet_record_row(record, part, 0);
        int64_t steps;

        assert_non_null(row);
        assert_int_equal(denet_row_steps(row, denet_field_id(field), &steps), 0);
        return steps;
}

/* -------------------------------------------------------------------------------------------------- commands */

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

/* ------------------------------------------------------------------------------------------ when something is due */

static void without_news_it_waits_its_time(void **state) {
        const denet_record *record;
        int64_t before;
        denet *d = run(OPTIONS(.interval_ms = 60000), ARGV((char *)"sleep", (char *)"20"));

        wait_for(d, DENET_METADATA);
        before = now_ms();
        assert_int_equal(denet_next(d, 0, &record), -EAGAIN);
        assert_true(now_ms() - before < 100);
        assert_int_equal(denet_next(d, 100, &record), -EAGAIN);
        assert_in_range(now_ms() - before, 99, 5000);
        denet_signal(d, SIGKILL);
        assert_int_equal(denet_next(d, -1, &record), 1);
        go_to_end(d);
        denet_free(d);
}

static void do_nothing(int number) {
        (void)number;
}

static void a_signal_to_the_caller_ends_the_waiting(void **state) {
        struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART}, before;
        struct itimerval soon = {.it_value = {.tv_usec = 30000}};
        const denet_record *record;
        denet *d = run(OPTIONS(.interval_ms = 60000), ARGV((char *)"sleep", (char *)"20"));

        wait_for(d, DENET_METADATA);
        sigaction(SIGALRM, &action, &before);
        setitimer(ITIMER_REAL, &soon, NULL);
        assert_int_equal(denet_next(d, -1, &record), -EINTR);
        sigaction(SIGALRM, &before, NULL);
        denet_signal(d, SIGKILL);
        go_to_end(d);
        denet_free(d);
}

static void it_is_readable_from_the_start(void **state) {
        denet *d = run(OPTIONS(.interval_ms = 60000), ARGV((char *)"sleep", (char *)"20"));

        assert_true(readable(d)); /* the metadata waits */
        denet_signal(d, SIGKILL);
        go_to_end(d);
        denet_free(d);
}

/* As one who has other things to wait for does it. */
static void a_poll_of_its_own_brings_every_record(void **state) {
        const denet_record *record;
        int trees = 0, idle = 0, r;
        denet *d = run(OPTIONS(.interval_ms = 20), SHELL("sleep 0.2; exit 4"));

        for (;;) {
                struct pollfd p = {.fd = (int)denet_fd(d), .events = POLLIN};

                if (poll(&p, 1, 5000) != 1)
                        fail_msg("a record waits, or the end, and nothing says so");
                r = denet_next(d, 0, &record);
                if (r == 0)
                        break;
                if (r == 1)
                        trees += denet_record_kind(record) == DENET_TREE;
                else {
                        assert_int_equal(r, -EAGAIN);
                        assert_false(readable(d)); /* nothing yet: and so it says */
                        idle++;
                }
        }
        assert_true(trees >= 2);
        assert_true(idle <= trees + 8); /* each record may leave one such moment behind */
        assert_true(readable(d));       /* at the end for ever */
        assert_ended(d, 4, -1);
        denet_free(d);
}

static void a_command_that_runs_has_no_status(void **state) {
        int code = -7, number = -7;
        denet *d = run(NULL, ARGV((char *)"sleep", (char *)"20"));

        assert_int_equal(denet_status(d, &code, &number), -EAGAIN);
        assert_int_equal(code, -7);
        denet_signal(d, SIGTERM);
        go_to_end(d);
        assert_ended(d, -1, SIGTERM);
        denet_free(d);
}

static void its_status_is_known_before_its_descendants_end(void **state) {
        const denet_record *record;
        int code, number, r;
        denet *d = run(OPTIONS(.interval_ms = 20, .flags = DENET_WAIT_ALL), SHELL("sleep 0.4 & exit 3"));

        while ((r = denet_status(d, &code, &number)) == -EAGAIN)
                assert_true(denet_next(d, 10000, &record) >= 0);
        assert_int_equal(r, 0);
        assert_int_equal(code, 3);
        assert_int_equal(number, -1);
        assert_int_equal(denet_next(d, 10000, &record), 1); /* and it goes on */
        go_to_end(d);
        assert_ended(d, 3, -1);
        denet_free(d);
}

/* ----------------------------------------------------------------------------------------------------- stopping */

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

/* ----------------------------------------------------------------------------------------------- wrong options */

static void assert_refused(const denet_options *o, int code) {
        static const char lines[] = "";
        denet_error error = {0};
        denet *d = NULL;
        pid_t pid = start_sleeper();

        assert_int_equal(denet_run(&d, o, ARGV((char *)"true"), &error), code);
        assert_int_equal(error.code, code);
        assert_true(strlen(error.text) > 10);
        assert_int_equal(denet_run(&d, o, ARGV((char *)"true"), NULL), code);
        error = (denet_error){0};
        assert_int_equal(denet_attach(&d, o, pid, &error), code);
        assert_true(strlen(error.text) > 10);
        error = (denet_error){0};
        assert_int_equal(denet_parse(&d, o, lines, 0, &error), code);
        assert_true(strlen(error.text) > 10);
        assert_null(d);
        end(pid);
}

static void options_that_are_wrong_are_refused_with_a_reason(void **state) {
        assert_refused(&(denet_options){0}, -EINVAL);
        assert_refused(&(denet_options){.interval_ms = 5}, -EINVAL);
        assert_refused(OPTIONS(.interval_ms = 200, .max_interval_ms = 100), -EINVAL);
        assert_refused(OPTIONS(.max_interval_ms = 99), -EINVAL);
        assert_refused(OPTIONS(.cgroup = 3), -EINVAL);
        assert_refused(OPTIONS(.cgroup = -1), -EINVAL);
        assert_refused(OPTIONS(.children = 3), -EINVAL);
        assert_refused(OPTIONS(.children = -1), -EINVAL);
        assert_refused(OPTIONS(.ebpf = 64), -EINVAL);
        assert_refused(OPTIONS(.sampler = 3), -EINVAL);
        assert_refused(OPTIONS(.sampler = -1), -EINVAL);
        assert_refused(OPTIONS(.sampler = DENET_SAMPLER_BPF), -ENOTSUP);
}

static void what_is_asked_for_and_not_there_stands_in_the_metadata_and_the_rest_goes_on(void **state) {
        denet *d = run(OPTIONS(.ebpf = DENET_EBPF_EXITS, .flags = DENET_WITH_GPU), ARGV((char *)"true"));
        const char *line = denet_record_json(wait_for(d, DENET_METADATA), NULL);

        assert_non_null(strstr(line, "\"gpu\":{\"available\":false,\"reason\":\""));
        assert_non_null(strstr(line, "\"ebpf\":{\"available\":false,\"reason\":\""));
        wait_for(d, DENET_EXIT);
        denet_free(d);
}

static void a_long_base_makes_the_longest_as_long(void **state) {
        denet *d = run(OPTIONS(.interval_ms = 5000), ARGV((char *)"true"));

        assert_non_null(strstr(denet_record_json(wait_for(d, DENET_METADATA), NULL), "5000"));
        go_to_end(d);
        denet_free(d);
}

/* A caller that was built with fewer options, and one that was built with more. */
static void options_of_another_size_are_understood(void **state) {
        struct {
                denet_options o;
                char more[64];
        } longer = {.o = {.struct_size = sizeof(longer), .flags = DENET_WRITE_ENV}};
        denet_options shorter = {
                .struct_size = offsetof(denet_options, cwd), .flags = DENET_WRITE_ENV, .cwd = "/nowhere"};
        denet *d;

        memset(longer.more, 0xff, sizeof(longer.more));
        d = run(&longer.o, ARGV((char *)"true"));
        wait_for(d, DENET_ENV);
        go_to_end(d);
        denet_free(d);
        d = run(&shorter, ARGV((char *)"true"));
        wait_for(d, DENET_ENV);
        go_to_end(d);
        denet_free(d);
}

static void a_command_that_cannot_be_run_is_said(void **state) {
        denet_error error = {0};
        denet *d = NULL;

        assert_int_equal(denet_run(&d, NULL, ARGV((char *)"denet-no-such-program"), &error), -ENOENT);
        assert_int_equal(error.code, -ENOENT);
        assert_non_null(strstr(error.text, "denet-no-such-program"));
        assert_int_equal(denet_run(&d, NULL, ARGV((char *)"/etc/passwd"), &error), -EACCES);
        assert_int_equal(denet_run(&d, NULL, ARGV((char *)"/tmp"), &error), -EACCES);
        assert_int_equal(denet_run(&d, NULL, ARGV((char *)""), &error), -ENOENT);
        assert_int_equal(denet_run(&d, OPTIONS(.cwd = "/nowhere/at/all"), ARGV((char *)"true"), &error), -ENOENT);
        assert_int_equal(denet_run(&d, OPTIONS(.stdio = (int[]){0, 1, 999}), ARGV((char *)"true"), &error), -EBADF);
        assert_int_equal(denet_run(&d, NULL, NULL, &error), -EINVAL);
        assert_int_equal(denet_run(&d, NULL, (char *const[]){NULL}, &error), -EINVAL);
        assert_int_equal(denet_run(&d, NULL, ARGV((char *)"denet-no-such-program"), NULL), -ENOENT);
        assert_null(d);
}

static void an_error_of_any_length_ends_in_nul(void **state) {
        denet_error error;
        char name[2000];
        denet *d = NULL;

        memset(&error, 'x', sizeof(error));
        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        assert_true(denet_run(&d, NULL, ARGV(name), &error) < 0);
        assert_true(strnlen(error.text, sizeof(error.text)) < sizeof(error.text));
        assert_null(d);
}

static void note_line(void *user, const char *line) {
        if (strlen(line) > 0)
                ++*(int *)user;
}

static void what_the_library_does_can_be_heard(void **state) {
        int lines = 0;
        denet *d = run(OPTIONS(.debug = note_line, .user = &lines), ARGV((char *)"sleep", (char *)"20"));

        denet_stop(d);
        go_to_end(d);
        denet_free(d);
        assert_true(lines > 0);
}

/* ------------------------------------------------------------------------------------------------ saved records */

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

/* ------------------------------------------------------------------------------------------ fields and the like */

static void names_and_ids_of_fields_agree(void **state) {
        const denet_field *field;
        int n = 0;

        for (; (field = denet_field_at(n)); n++) {
                assert_true(strlen(field->name) > 0 && strlen(field->unit) > 0);
                assert_true(strlen(field->origin) > 0 && strlen(field->meaning) > 0);
                assert_non_null(field->block);
                if (!*field->block)
                        assert_int_equal(denet_field_id(field->name), n);
                assert_in_range(field->decimals, 0, 9);
                assert_int_equal(field->part == DENET_WHOLE, !*field->block);
        }
        assert_true(n > 25);
        assert_null(denet_field_at(-1));
        assert_null(denet_field_at(n));
        assert_null(denet_field_at(INT32_MAX));
        assert_int_equal(denet_field_id("no_such_field"), -ENOENT);
        assert_int_equal(denet_field_id(""), -ENOENT);
        assert_int_equal(denet_field_id("state"), -ENOENT);
}

static const denet_field *field_of(const char *name) {
        return denet_field_at(denet_field_id(name));
}

static void a_field_says_whose_rows_have_it(void **state) {
        assert_int_equal(field_of("cgroup.memory_peak_kb")->part, DENET_CGROUP);
        assert_int_equal(field_of("psi_mem.some_avg10")->part, DENET_PSI);
        assert_int_equal(field_of("rapl.package_joules")->part, DENET_ENERGY);
        assert_int_equal(field_of("gpu.total_memory_used")->part, DENET_GPU_ALL);
        assert_int_equal(field_of("gpu.total_memory_used")->many, 0);
        assert_int_equal(field_of("gpu.devices.temperature")->part, DENET_GPU);
        assert_int_equal(field_of("gpu.devices.temperature")->many, 1);
}

static void a_value_that_is_not_known_is_enodata(void **state) {
        const denet_row *row;
        double number;
        int64_t steps;
        denet *d = parse("{\"kind\":\"tree\",\"ts_ms\":5,\"parent\":{\"ts_ms\":5,\"cpu_usage\":1.25},\"children\":[],"
                         "\"aggregated\":{\"ts_ms\":5,\"cpu_usage\":1.25}}\n");

        row = denet_record_row(wait_for(d, DENET_TREE), DENET_MAIN, 0);
        assert_int_equal(denet_row_steps(row, denet_field_id("cpu_usage"), &steps), 0);
        assert_int_equal(steps, 125);
        assert_int_equal(denet_row_number(row, denet_field_id("cpu_usage"), &number), 0);
        assert_true(number == 1.25);
        assert_int_equal(denet_row_number(row, denet_field_id("mem_rss_kb"), &number), -ENODATA);
        assert_int_equal(denet_row_number(row, -1, &number), -ENODATA);
        assert_int_equal(denet_row_steps(row, -ENOENT, &steps), -ENODATA);
        assert_int_equal(denet_row_steps(row, INT32_MAX, &steps), -ENODATA);
        assert_int_equal(denet_row_pid(row), 0);
        assert_string_equal(denet_row_name(row), "");
        denet_free(d);
}

static void a_probe_gives_the_machine_and_what_can_be_measured_on_it(void **state) {
        const denet_record *record;
        denet *d = NULL;

        assert_int_equal(denet_probe(&d, NULL, NULL), 0);
        assert_int_equal(denet_next(d, -1, &record), 1);
        assert_int_equal(denet_record_kind(record), DENET_ENV);
        assert_int_equal(denet_next(d, -1, &record), 1);
        assert_int_equal(denet_record_kind(record), DENET_METADATA);
        assert_true(denet_record_ts_ms(record) > 0);
        for (const char **key =
                     (const char *[]){"processes", "io", "psi", "perf_hw", "rapl", "gpu", "ebpf", "cgroup", 0};
             *key; key++) {
                char start[64];

                snprintf(start, sizeof(start), "\"%s\":{\"available\":", *key);
                assert_non_null(strstr(denet_record_json(record, NULL), start));
        }
        assert_int_equal(denet_next(d, -1, &record), 0);
        assert_int_equal(denet_pid(d), -ESRCH);
        assert_int_equal(denet_fd(d), -ENOTSUP);
        denet_free(d);
}

static void a_sink_that_cannot_be_opened_says_why(void **state) {
        denet_error error = {0};
        denet_sink *sink = NULL;

        assert_int_equal(denet_sink_open(&sink, "/tmp/denet-test-none", "xml", &error), -EINVAL);
        assert_int_equal(denet_sink_open(&sink, "/nowhere/at/all", NULL, &error), -ENOENT);
        assert_int_equal(denet_sink_open_fd(&sink, 1, "xml"), -EINVAL);
        assert_int_not_equal(access("/tmp/denet-test-none", F_OK), 0);
        assert_true(strlen(denet_version()) > 0);
        assert_null(sink);
}

static void freeing_nothing_is_nothing(void **state) {
        assert_null(denet_free(NULL));
        assert_null(denet_summary_free(NULL));
        assert_int_equal(denet_sink_close(NULL), 0);
}

static void a_summary_of_nothing_has_no_numbers(void **state) {
        denet_summary *s = denet_summary_new();
        double number;

        assert_int_equal(denet_summary_number(s, "exit_code", &number), -ENODATA);
        assert_int_equal(denet_summary_number(s, "no_such_number", &number), -ENODATA);
        assert_int_equal(denet_summary_number(s, "sample_count", &number), 0);
        assert_true(number == 0);
        assert_non_null(denet_summary_json(s, NULL));
        denet_summary_free(s);
}

RUN_TESTS(LEAVES_NOTHING(a_run_is_metadata_then_trees_then_its_exit), LEAVES_NOTHING(how_the_command_ended_is_told),
          LEAVES_NOTHING(what_it_wrote_is_exact), LEAVES_NOTHING(the_command_gets_what_it_is_given),
          LEAVES_NOTHING(a_child_has_a_record_and_a_row_of_its_own),
          LEAVES_NOTHING(without_children_records_are_samples),
          LEAVES_NOTHING(the_env_record_comes_first_when_it_is_wanted),
          LEAVES_NOTHING(without_polling_samples_come_when_asked_for),
          LEAVES_NOTHING(every_tree_is_later_than_the_one_before), LEAVES_NOTHING(a_record_that_waits_stays_as_it_is),
          LEAVES_NOTHING(without_news_it_waits_its_time), LEAVES_NOTHING(a_signal_to_the_caller_ends_the_waiting),
          LEAVES_NOTHING(it_is_readable_from_the_start), LEAVES_NOTHING(a_poll_of_its_own_brings_every_record),
          LEAVES_NOTHING(a_command_that_runs_has_no_status),
          LEAVES_NOTHING(its_status_is_known_before_its_descendants_end), LEAVES_NOTHING(stopping_ends_the_command),
          LEAVES_NOTHING(a_duration_stops_it_too), LEAVES_NOTHING(a_second_stop_does_not_wait),
          LEAVES_NOTHING(who_does_not_stop_is_killed_with_all_it_started),
          LEAVES_NOTHING(a_command_goes_on_when_its_stream_is_freed), LEAVES_NOTHING(two_streams_share_nothing),
          LEAVES_NOTHING(other_children_of_the_caller_are_left_alone),
          LEAVES_NOTHING(a_command_that_somebody_else_waits_for_ends_the_stream),
          LEAVES_NOTHING(a_held_child_of_the_caller_is_watched_from_its_exec_on),
          LEAVES_NOTHING(a_held_child_that_cannot_exec_is_said_and_waited_for),
          LEAVES_NOTHING(a_kill_ends_the_whole_tree_at_once),
          LEAVES_NOTHING(without_a_subreaper_a_tree_with_children_says_that_its_totals_are_a_lower_bound),
          LEAVES_NOTHING(an_attached_process_is_let_go_on_stop),
          LEAVES_NOTHING(an_attached_process_that_ends_ends_the_stream), LEAVES_NOTHING(a_process_may_watch_itself),
          LEAVES_NOTHING(what_cannot_be_attached_to_is_said),
          LEAVES_NOTHING(options_that_are_wrong_are_refused_with_a_reason),
          LEAVES_NOTHING(what_is_asked_for_and_not_there_stands_in_the_metadata_and_the_rest_goes_on),
          LEAVES_NOTHING(a_long_base_makes_the_longest_as_long), LEAVES_NOTHING(options_of_another_size_are_understood),
          LEAVES_NOTHING(a_command_that_cannot_be_run_is_said), LEAVES_NOTHING(an_error_of_any_length_ends_in_nul),
          LEAVES_NOTHING(what_the_library_does_can_be_heard), LEAVES_NOTHING(what_was_written_reads_back_to_the_bit),
          LEAVES_NOTHING(a_single_process_reads_back_to_the_bit),
          LEAVES_NOTHING(a_run_without_a_sample_reads_back_to_the_bit),
          LEAVES_NOTHING(an_attached_tree_reads_back_to_the_bit), LEAVES_NOTHING(a_broken_line_is_told_and_left_out),
          LEAVES_NOTHING(a_sample_says_how_long_it_is_since_monitoring_began), LEAVES_NOTHING(nothing_reads_as_nothing),
          LEAVES_NOTHING(a_file_has_no_process), LEAVES_NOTHING(a_command_has_no_lines),
          LEAVES_NOTHING(what_cannot_be_opened_is_said), LEAVES_NOTHING(a_file_is_read_through_a_sink_and_back),
          LEAVES_NOTHING(names_and_ids_of_fields_agree), LEAVES_NOTHING(a_field_says_whose_rows_have_it),
          LEAVES_NOTHING(a_value_that_is_not_known_is_enodata),
          LEAVES_NOTHING(a_probe_gives_the_machine_and_what_can_be_measured_on_it),
          LEAVES_NOTHING(a_sink_that_cannot_be_opened_says_why), LEAVES_NOTHING(freeing_nothing_is_nothing),
          LEAVES_NOTHING(a_summary_of_nothing_has_no_numbers))
