/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "descriptors.h"
#include "host/clock.h"
#include "host/loop.h"

#include <poll.h>
#include <signal.h>
#include <sys/time.h>

static const int64_t ms = 1000000;

static bool readable(int fd) {
        struct pollfd p = {.fd = fd, .events = POLLIN};

        return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

static void with_nothing_due_it_waits_its_time(void **state) {
        struct dn_loop loop;
        int64_t before_ns = dn_clock_mono_ns();

        assert_int_equal(dn_loop_open(&loop), 0);
        assert_false(readable(loop.fd));
        assert_int_equal(dn_loop_wait(&loop, 0), 0);
        assert_int_equal(dn_loop_wait(&loop, 30), 0);
        assert_true(dn_clock_mono_ns() - before_ns >= 29 * ms);
        dn_loop_close(&loop);
}

static void a_deadline_in_the_past_is_due_at_once(void **state) {
        static const int64_t past[] = {0, 1, -1, INT64_MIN};

        for (size_t i = 0; i < DN_COUNT(past); i++) {
                struct dn_loop loop;

                assert_int_equal(dn_loop_open(&loop), 0);
                assert_int_equal(dn_loop_arm(&loop, past[i]), 0);
                assert_true(readable(loop.fd));
                assert_int_equal(dn_loop_wait(&loop, -1), 1);
                assert_int_equal(dn_loop_wait(&loop, -1), 1); /* until it is armed anew */
                assert_int_equal(dn_loop_arm(&loop, past[i]), 0);
                assert_true(readable(loop.fd));
                dn_loop_close(&loop);
        }
}

static void a_deadline_is_met_and_not_before(void **state) {
        int64_t due_ns = dn_clock_mono_ns() + 40 * ms;
        struct dn_loop loop;

        assert_int_equal(dn_loop_open(&loop), 0);
        assert_int_equal(dn_loop_arm(&loop, due_ns), 0);
        assert_false(readable(loop.fd));
        assert_int_equal(dn_loop_wait(&loop, -1), 1);
        assert_true(dn_clock_mono_ns() >= due_ns);
        dn_loop_close(&loop);
}

static void arming_anew_forgets_the_deadline_before(void **state) {
        struct dn_loop loop;

        assert_int_equal(dn_loop_open(&loop), 0);
        assert_int_equal(dn_loop_arm(&loop, 0), 0);
        assert_true(readable(loop.fd));
        assert_int_equal(dn_loop_arm(&loop, dn_clock_mono_ns() + 1000000 * ms), 0);
        assert_false(readable(loop.fd));
        assert_int_equal(dn_loop_arm(&loop, 0), 0);
        assert_true(readable(loop.fd));
        assert_int_equal(dn_loop_arm(&loop, INT64_MAX), 0);
        assert_false(readable(loop.fd));
        dn_loop_close(&loop);
}

static void it_is_readable_while_what_it_watches_is(void **state) {
        struct dn_loop loop;
        int ends[2];
        char byte;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(dn_loop_open(&loop), 0);
        assert_int_equal(dn_loop_watch(&loop, ends[0]), 0);
        assert_false(readable(loop.fd));
        assert_int_equal(write(ends[1], "x", 1), 1);
        assert_true(readable(loop.fd));
        assert_int_equal(dn_loop_wait(&loop, -1), 1);
        assert_int_equal(read(ends[0], &byte, 1), 1);
        assert_false(readable(loop.fd));
        close(ends[1]); /* its end is something too */
        assert_int_equal(dn_loop_wait(&loop, -1), 1);
        dn_loop_unwatch(&loop, ends[0]);
        assert_false(readable(loop.fd));
        assert_int_equal(dn_loop_watch(&loop, ends[0]), 0);
        assert_true(readable(loop.fd));
        dn_loop_unwatch(&loop, ends[0]);
        dn_loop_unwatch(&loop, ends[0]);
        close(ends[0]);
        dn_loop_close(&loop);
}

static void what_cannot_be_watched_is_an_error(void **state) {
        struct dn_loop loop;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(dn_loop_open(&loop), 0);
        assert_int_equal(dn_loop_watch(&loop, -1), -EBADF);
        assert_int_equal(dn_loop_watch(&loop, ends[0]), 0);
        assert_int_equal(dn_loop_watch(&loop, ends[0]), -EEXIST);
        dn_loop_close(&loop);
        close(ends[0]);
        close(ends[1]);
}

static void do_nothing(int number) {
        (void)number;
}

static void a_signal_ends_the_waiting(void **state) {
        struct sigaction action = {.sa_handler = do_nothing, .sa_flags = SA_RESTART}, before;
        struct itimerval soon = {.it_value = {.tv_usec = 20000}};
        struct dn_loop loop;

        assert_int_equal(dn_loop_open(&loop), 0);
        sigaction(SIGALRM, &action, &before);
        setitimer(ITIMER_REAL, &soon, NULL);
        assert_int_equal(dn_loop_wait(&loop, 5000), -EINTR);
        sigaction(SIGALRM, &before, NULL);
        dn_loop_close(&loop);
}

static void its_descriptors_are_not_inherited(void **state) {
        struct dn_loop loop;

        assert_int_equal(dn_loop_open(&loop), 0);
        assert_true(fcntl(loop.fd, F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(loop.timer, F_GETFD) & FD_CLOEXEC);
        dn_loop_close(&loop);
        dn_loop_close(&loop);
}

RUN_TESTS(LEAVES_NOTHING(with_nothing_due_it_waits_its_time), LEAVES_NOTHING(a_deadline_in_the_past_is_due_at_once),
          LEAVES_NOTHING(a_deadline_is_met_and_not_before), LEAVES_NOTHING(arming_anew_forgets_the_deadline_before),
          LEAVES_NOTHING(it_is_readable_while_what_it_watches_is), LEAVES_NOTHING(what_cannot_be_watched_is_an_error),
          LEAVES_NOTHING(a_signal_ends_the_waiting), LEAVES_NOTHING(its_descriptors_are_not_inherited))
