/* SPDX-License-Identifier: GPL-3.0-or-later
 * pingpong ROUNDS [FRAMES]: two processes on one core hand a byte back and forth, so that each round is two context
 * switches, FRAMES calls deep. What one took, in nanoseconds, is said on standard error. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void play(int from, int to, long rounds, int first) {
        char ball = 0;

        while (rounds-- > 0) {
                if (first && write(to, &ball, 1) != 1)
                        exit(1);
                if (read(from, &ball, 1) != 1)
                        exit(1);
                if (!first && write(to, &ball, 1) != 1)
                        exit(1);
        }
}

__attribute__((noinline)) static void descend(int frames, int from, int to, long rounds, int first) {
        if (frames <= 0)
                play(from, to, rounds, first);
        else
                descend(frames - 1, from, to, rounds, first);
        __asm__ volatile("" ::: "memory"); /* a call is a call, also the last in a function */
}

static double now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv) {
        long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
        int frames = argc > 2 ? atoi(argv[2]) : 0;
        int there[2], back[2], status;
        double begun = now_ns();
        cpu_set_t one;
        pid_t other;

        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        if (rounds <= 0 || sched_setaffinity(0, sizeof(one), &one) < 0 || pipe(there) < 0 || pipe(back) < 0)
                return 1;
        other = fork();
        if (other < 0)
                return 1;
        descend(frames, other ? back[0] : there[0], other ? there[1] : back[1], rounds, other != 0);
        if (!other)
                return 0;
        fprintf(stderr, "%.0f\n", (now_ns() - begun) / (double)(2 * rounds));
        return waitpid(other, &status, 0) < 0 || status != 0;
}
