/* SPDX-License-Identifier: GPL-3.0-or-later
 * When something of a stream is due, and how its caller waits for it. */
#include "streams.h"

#include <sys/time.h>

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

RUN_TESTS(LEAVES_NOTHING(without_news_it_waits_its_time), LEAVES_NOTHING(a_signal_to_the_caller_ends_the_waiting),
          LEAVES_NOTHING(it_is_readable_from_the_start), LEAVES_NOTHING(a_poll_of_its_own_brings_every_record),
          LEAVES_NOTHING(a_command_that_runs_has_no_status),
          LEAVES_NOTHING(its_status_is_known_before_its_descendants_end))
