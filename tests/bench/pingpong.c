/* SPDX-License-Identifier: GPL-3.0-or-later
 * pingpong ROUNDS: two processes on one core hand a byte back and forth, so that each round is two context switches. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
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

int main(int argc, char **argv) {
        long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
        int there[2], back[2], status;
        cpu_set_t one;
        pid_t other;

        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        if (rounds <= 0 || sched_setaffinity(0, sizeof(one), &one) < 0 || pipe(there) < 0 || pipe(back) < 0)
                return 1;
        other = fork();
        if (other < 0)
                return 1;
        play(other ? back[0] : there[0], other ? there[1] : back[1], rounds, other != 0);
        return other && (waitpid(other, &status, 0) < 0 || status != 0);
}
