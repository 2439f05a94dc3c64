/* SPDX-License-Identifier: GPL-3.0-or-later
 * storm FORKS SECONDS: so many children a second, each of which ends at once and is waited for. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
        struct timespec at;
        int64_t forks, left;

        if (argc != 3 || (forks = strtoll(argv[1], NULL, 10)) < 1)
                return 2;
        clock_gettime(CLOCK_MONOTONIC, &at);
        for (left = forks * strtoll(argv[2], NULL, 10); left > 0; left--) {
                pid_t pid = fork();

                if (pid == 0)
                        _exit(0);
                if (pid < 0 || waitpid(pid, NULL, 0) < 0) {
                        perror("fork");
                        return 1;
                }
                at.tv_nsec += 1000000000 / forks;
                at.tv_sec += at.tv_nsec / 1000000000;
                at.tv_nsec %= 1000000000;
                clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        }
        return 0;
}
