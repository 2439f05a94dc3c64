/* SPDX-License-Identifier: GPL-3.0-or-later
 * tree PROCESSES ACTIVE PERIOD_US FD: one parent and its children, so many in all. ACTIVE of them wake once a period,
 * spread over it, burn a few microseconds, read a little and write a little; the others sleep. The parent writes a
 * newline to FD when all are up, and everybody ends when its standard input does. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t processes, active, period_ns, began_ns;
static int null_fd, zero_fd;

static void die(const char *what) {
        perror(what);
        exit(1);
}

static int64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool is_active(int64_t i) {
        return (i + 1) * active / processes != i * active / processes;
}

static void work(void) {
        char some[64];

        for (volatile int i = 0; i < 1000; i++)
                ;
        if (read(zero_fd, some, sizeof(some)) < 0 || write(null_fd, some, sizeof(some)) < 0)
                die("/dev/zero to /dev/null");
}

/* Until standard input ends. Sleepers are left to the signal. */
static void live(int64_t i, bool is_parent) {
        struct pollfd in = {.fd = 0, .events = POLLIN};
        int64_t at_ns = began_ns + period_ns * i / processes;

        for (;;) {
                int64_t left_ns = at_ns - now_ns();
                struct timespec t = {.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
                char byte;

                if (is_parent && !is_active(i))
                        ppoll(&in, 1, NULL, NULL);
                else if (!is_active(i))
                        pause();
                else if (left_ns > 0)
                        ppoll(is_parent ? &in : NULL, is_parent, &t, NULL);
                if (is_parent && in.revents && read(0, &byte, 1) <= 0)
                        return;
                if (is_active(i) && now_ns() >= at_ns) {
                        work();
                        at_ns += period_ns * (1 + (now_ns() - at_ns) / period_ns);
                }
        }
}

static pid_t start(int64_t i, int up) {
        pid_t parent = getpid(), pid = fork();

        if (pid != 0)
                return pid;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || write(up, "", 1) != 1)
                _exit(1);
        close(up);
        live(i, false);
        _exit(0);
}

static void await_all(int up) {
        char bytes[4096];
        int64_t left = processes - 1;

        while (left > 0) {
                ssize_t n = read(up, bytes, sizeof(bytes));

                if (n <= 0)
                        die("a child did not come up");
                left -= n;
        }
        close(up);
}

int main(int argc, char *argv[]) {
        int up[2];
        pid_t *pids;

        if (argc != 5)
                return 2;
        processes = strtoll(argv[1], NULL, 10);
        active = strtoll(argv[2], NULL, 10);
        period_ns = strtoll(argv[3], NULL, 10) * 1000;
        zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        pids = calloc(processes > 0 ? (size_t)processes : 1, sizeof(*pids));
        if (processes < 1 || active < 0 || period_ns < 1000 || zero_fd < 0 || null_fd < 0 || !pids || pipe(up) < 0)
                die("tree");
        began_ns = now_ns();
        for (int64_t i = 1; i < processes; i++)
                if ((pids[i] = start(i, up[1])) < 0)
                        die("fork");
        close(up[1]);
        await_all(up[0]);
        if (write((int)strtol(argv[4], NULL, 10), "\n", 1) != 1)
                die("the descriptor that is told");
        live(0, true);
        for (int64_t i = 1; i < processes; i++)
                kill(pids[i], SIGKILL);
        while (wait(NULL) > 0 || errno == EINTR)
                ;
        return 0;
}
