/* SPDX-License-Identifier: GPL-3.0-or-later
 * A chain of functions that is known: main, outer, middle, inner (inlined), wait_here, read. An argument says how to
 * wait: "thread" in a thread, "signal" in a handler, "deep N" below N calls of itself. "spin" does not wait: main,
 * turn, step; "clock" neither: main, read_clock, and the vdso. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEPT __attribute__((noinline, noclone))

static volatile int sink;

static KEPT int wait_here(void) {
        char c;

        if (write(1, "ready\n", 6) != 6)
                return 1;
        return (int)read(0, &c, 1) + sink;
}

static inline __attribute__((always_inline)) int inner(int n) {
        return wait_here() + n + sink;
}

KEPT int middle(int n) {
        return inner(n * 2) + sink;
}

KEPT int outer(int n) {
        return middle(n + 1) + sink;
}

KEPT int deep(int n) {
        char room[256];

        memset(room, n, sizeof(room));
        sink = room[sink];
        return (n > 0 ? deep(n - 1) : outer(n)) + sink;
}

static void on_signal(int number) {
        sink = outer(number);
}

static KEPT int raise_here(void) {
        return raise(SIGUSR1) + sink;
}

static void *in_thread(void *argument) {
        sink = outer(1);
        return argument;
}

/* Many prologues and epilogues, registers that are saved and restored, no system call. */
KEPT int step(int n) {
        char room[64];

        memset(room, n, sizeof(room));
        sink = room[n & 63];
        return sink + n;
}

KEPT int turn(int n) {
        int a = step(n), b = step(a + 1), c = step(a ^ b);

        return step(a + b + c) + sink;
}

KEPT int read_clock(void) {
        struct timespec t;

        for (int i = 0; i < 1000; i++)
                if (clock_gettime(CLOCK_MONOTONIC, &t) == 0)
                        sink += (int)t.tv_nsec;
        return sink;
}

int main(int argc, char **argv) {
        const char *how = argc > 1 ? argv[1] : "";
        pthread_t thread;

        if (strcmp(how, "thread") == 0) {
                if (pthread_create(&thread, NULL, in_thread, NULL) == 0)
                        pthread_join(thread, NULL);
                return sink;
        }
        if (strcmp(how, "signal") == 0) {
                signal(SIGUSR1, on_signal);
                return raise_here() + sink;
        }
        while (strcmp(how, "spin") == 0)
                sink = turn(sink & 63);
        while (strcmp(how, "clock") == 0)
                sink = read_clock() & 63;
        if (strcmp(how, "deep") == 0)
                return deep(atoi(argv[2])) + sink;
        return outer(argc) + sink;
}
