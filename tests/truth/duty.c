/* SPDX-License-Identifier: GPL-3.0-or-later
 * duty THREADS PERCENT MILLISECONDS: a steady load: the threads together use so many percent of one core, evenly, in
 * turns far shorter than a sample. */
#include "truth.h"

#include <pthread.h>

static double share;
static uint64_t length_ns;

static void *work(void *unused) {
        uint64_t began_ns = clock_now_ns(CLOCK_MONOTONIC), used_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID), gone_ns;
        struct timespec nap = {.tv_nsec = 200000};

        while ((gone_ns = clock_now_ns(CLOCK_MONOTONIC) - began_ns) < length_ns) {
                while ((double)(clock_now_ns(CLOCK_THREAD_CPUTIME_ID) - used_ns) < share * (double)(gone_ns + 1000000))
                        ;
                nanosleep(&nap, NULL);
        }
        return unused;
}

int main(int argc, char *argv[]) {
        uint64_t threads;
        pthread_t ids[16];

        if (argc < 4)
                return 99;
        threads = number_of(argv[1]);
        if (threads == 0 || threads > 16)
                return 99;
        share = (double)number_of(argv[2]) / 100 / (double)threads;
        length_ns = number_of(argv[3]) * 1000000;
        for (uint64_t i = 1; i < threads; i++)
                if (pthread_create(&ids[i], NULL, work, NULL) != 0)
                        die("pthread_create");
        work(NULL);
        for (uint64_t i = 1; i < threads; i++)
                pthread_join(ids[i], NULL);
        return 0;
}
