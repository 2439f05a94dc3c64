/* SPDX-License-Identifier: GPL-3.0-or-later
 * crowd PROCESSES PERIOD_MS: so many children, each awake for a few microseconds once a period, at a moment of its own;
 * until standard input ends. What reading.py has denet watch to get records. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void be_lightly_busy(long period_ms, int which) {
        struct timespec nap = {period_ms / 1000, (period_ms % 1000) * 1000000};
        volatile unsigned sum = 0;

        nap.tv_nsec = nap.tv_nsec * (90 + which % 20) / 110;
        for (;;) {
                nanosleep(&nap, NULL);
                for (unsigned i = 0; i < 5000; i++)
                        sum += i;
        }
}

int main(int argc, char *argv[]) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        int n;

        if (argc < 3)
                return 99;
        n = atoi(argv[1]);
        for (int i = 0; i < n; i++)
                if (fork() == 0) {
                        prctl(PR_SET_PDEATHSIG, SIGKILL);
                        be_lightly_busy(atol(argv[2]), i);
                }
        poll(&input, 1, -1);
        signal(SIGTERM, SIG_IGN);
        kill(0, SIGTERM);
        while (wait(NULL) > 0)
                ;
        return 0;
}
