/* SPDX-License-Identifier: GPL-3.0-or-later
 * orphans N SECONDS: N processes, each of which makes one orphan after the other that ends at once, for so long, or
 * until the first of them ends. */
#include "truth.h"

#include <sys/prctl.h>

static void make_orphan(void) {
        pid_t pid = fork();

        if (pid == 0) {
                (void)!fork();
                _exit(0);
        }
        if (pid > 0)
                waitpid(pid, NULL, 0);
}

int main(int argc, char *argv[]) {
        uint64_t end_ns;

        if (argc < 3)
                return 99;
        end_ns = clock_now_ns(CLOCK_MONOTONIC) + number_of(argv[2]) * 1000000000;
        for (uint64_t n = number_of(argv[1]); n > 1; n--)
                if (fork() == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        break;
                }
        while (clock_now_ns(CLOCK_MONOTONIC) < end_ns)
                make_orphan();
        return 0;
}
