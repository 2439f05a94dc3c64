/* SPDX-License-Identifier: GPL-3.0-or-later
 * interrupt MILLISECONDS: sends bytes to itself, one a call, by two threads on one processor: one that never rests, and
 * a real-time one that wakes up again and again in the middle of what the first one does, and sends one then. Prints
 * how many were sent; as many were received. */
#define _GNU_SOURCE
#include "truth.h"

#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>

static uint64_t until_ns;

static void send_one(const int pair[2]) {
        char byte = 'x';

        if (send(pair[0], &byte, 1, 0) != 1 || recv(pair[1], &byte, 1, 0) != 1)
                die("send and recv");
}

static uint64_t send_all(bool rests) {
        uint64_t sent = 0;
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
                die("socketpair");
        for (; clock_now_ns(CLOCK_MONOTONIC) < until_ns; sent++) {
                /* Of another length each time, so that it meets the other one at each point of its way. */
                struct timespec rest = {.tv_nsec = 200000 + (long)(sent * 7919 % 100000)};

                if (rests)
                        nanosleep(&rest, NULL);
                send_one(pair);
        }
        return sent;
}

static void *interrupt(void *ret_sent) {
        const struct sched_param priority = {.sched_priority = 10};
        int r = pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);

        if (r != 0) {
                errno = r;
                die("SCHED_FIFO");
        }
        *(uint64_t *)ret_sent = send_all(true);
        return NULL;
}

int main(int argc, char **argv) {
        uint64_t sent, by_other = 0;
        pthread_t other;
        cpu_set_t one;

        if (argc < 2)
                return 99;
        until_ns = clock_now_ns(CLOCK_MONOTONIC) + number_of(argv[1]) * 1000000;
        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        if (sched_setaffinity(0, sizeof(one), &one) < 0)
                die("sched_setaffinity");
        if (pthread_create(&other, NULL, interrupt, &by_other) != 0)
                die("pthread_create");
        sent = send_all(false);
        pthread_join(other, NULL);
        printf("%llu\n", (unsigned long long)(sent + by_other));
        return 0;
}
