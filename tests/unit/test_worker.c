/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "host/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

struct job {
        atomic_int begun, rounds, ended, hold; /* hold: a round lasts until it is 0 */
        bool blocks_signals;
        pthread_t thread;
};

static void nap(void) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void round_of(void *user) {
        struct job *job = user;
        sigset_t blocked;

        job->begun++;
        pthread_sigmask(SIG_SETMASK, NULL, &blocked);
        job->blocks_signals = sigismember(&blocked, SIGINT) == 1 && sigismember(&blocked, SIGCHLD) == 1;
        job->thread = pthread_self();
        while (job->hold)
                nap();
        job->rounds++;
}

static void end_of(void *user) {
        ((struct job *)user)->ended++;
}

static struct dn_worker *start(struct job *job) {
        struct dn_worker *w;

        assert_int_equal(dn_worker_start(&w, round_of, end_of, job), 0);
        return w;
}

static void it_does_a_round_each_time_it_is_told_to(void **state) {
        struct job job = {0};
        struct dn_worker *w = start(&job);

        assert_true(dn_worker_is_idle(w));
        for (int i = 1; i <= 100; i++) {
                dn_worker_go(w);
                assert_true(dn_worker_wait(w, 10000));
                assert_int_equal(job.rounds, i);
        }
        dn_worker_stop(w, 10000);
        assert_int_equal(job.ended, 1);
        assert_int_equal(job.rounds, 100);
}

static void the_caller_does_not_wait_for_a_round(void **state) {
        struct job job = {.hold = 1};
        struct dn_worker *w = start(&job);

        dn_worker_go(w);
        assert_false(dn_worker_is_idle(w));
        assert_false(dn_worker_wait(w, 0));
        assert_false(dn_worker_wait(w, 20));
        job.hold = 0;
        assert_true(dn_worker_wait(w, 10000));
        dn_worker_stop(w, 10000);
        assert_int_equal(job.rounds, 1);
}

static void it_is_another_thread_that_no_signal_reaches(void **state) {
        struct job job = {0};
        struct dn_worker *w = start(&job);

        dn_worker_go(w);
        assert_true(dn_worker_wait(w, 10000));
        assert_true(job.blocks_signals);
        assert_false(pthread_equal(job.thread, pthread_self()));
        dn_worker_stop(w, 10000);
}

static void one_that_is_stuck_is_left_behind_and_ends_by_itself(void **state) {
        struct job job = {.hold = 1};
        struct dn_worker *w = start(&job);

        dn_worker_go(w);
        while (!job.begun)
                nap();
        dn_worker_stop(w, 10);
        assert_int_equal(job.ended, 0);
        job.hold = 0;
        for (int i = 0; i < 10000 && !job.ended; i++)
                nap();
        assert_int_equal(job.ended, 1);
        assert_int_equal(job.rounds, 1);
}

static void one_that_is_stopped_before_its_round_begins_ends_all_the_same(void **state) {
        for (int i = 0; i < 200; i++) {
                struct job job = {0};
                struct dn_worker *w = start(&job);

                dn_worker_go(w);
                dn_worker_stop(w, 10000);
                assert_int_equal(job.ended, 1);
                assert_int_equal(job.begun, job.rounds);
        }
}

#define TEST(name) cmocka_unit_test(name)
RUN_TESTS(TEST(it_does_a_round_each_time_it_is_told_to), TEST(the_caller_does_not_wait_for_a_round),
          TEST(it_is_another_thread_that_no_signal_reaches), TEST(one_that_is_stuck_is_left_behind_and_ends_by_itself),
          TEST(one_that_is_stopped_before_its_round_begins_ends_all_the_same))
