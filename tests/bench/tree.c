/* SPDX-License-Identifier: GPL-3.0-or-later
 * tree PROCESSES ACTIVE PERIOD_US FD: one parent and its children, so many in all. ACTIVE of them are woken once a
 * period, burn a few microseconds, read a little and write a little; the others sleep. The parent writes a newline to
 * FD when all are up, wakes them in groups spread over the period, and ends all when its standard input ends. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A wake by futex costs a third less than a timer in each process, which leaves more of the machine to who measures. */
enum { GROUPS = 25 };

static int64_t processes, active;
static uint32_t *bells;
static int null_fd, zero_fd;

static void die(const char *what) {
        perror(what);
        exit(1);
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

static void be_woken(uint32_t *bell) {
        for (;;) {
                uint32_t heard = __atomic_load_n(bell, __ATOMIC_SEQ_CST);

                syscall(SYS_futex, bell, FUTEX_WAIT, heard, NULL, NULL, 0);
                if (__atomic_load_n(bell, __ATOMIC_SEQ_CST) != heard)
                        work();
        }
}

static void wake(uint32_t *bell) {
        __atomic_add_fetch(bell, 1, __ATOMIC_SEQ_CST);
        syscall(SYS_futex, bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Active ones are numbered, so that the groups are of one size. */
static pid_t start(int64_t i, int up) {
        pid_t parent = getpid(), pid = fork();

        if (pid != 0)
                return pid;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || write(up, "", 1) != 1)
                _exit(1);
        close(up);
        if (is_active(i))
                be_woken(&bells[i * active / processes % GROUPS]);
        for (;;)
                pause();
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

static int64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Until standard input ends. */
static void pace(int64_t step_ns) {
        struct pollfd in = {.fd = 0, .events = POLLIN};
        int64_t at_ns = now_ns();
        char byte;

        for (uint32_t group = 0; !in.revents || read(0, &byte, 1) > 0; group = (group + 1) % GROUPS) {
                int64_t left_ns;
                struct timespec t;

                at_ns += step_ns;
                left_ns = at_ns - now_ns();
                if (left_ns < 0) {
                        at_ns -= left_ns;
                        left_ns = 0;
                }
                t = (struct timespec){.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
                ppoll(&in, 1, &t, NULL);
                if (processes > 1)
                        wake(&bells[group]);
                else if (group == 0)
                        work();
        }
}

int main(int argc, char *argv[]) {
        int64_t period_us;
        int up[2];

        if (argc != 5)
                return 2;
        processes = strtoll(argv[1], NULL, 10);
        active = strtoll(argv[2], NULL, 10);
        period_us = strtoll(argv[3], NULL, 10);
        zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
        null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        bells = mmap(NULL, GROUPS * sizeof(*bells), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (processes < 1 || period_us < 1 || zero_fd < 0 || null_fd < 0 || bells == MAP_FAILED || pipe(up) < 0)
                die("tree");
        setpgid(0, 0);
        for (int64_t i = 1; i < processes; i++)
                if (start(i, up[1]) < 0)
                        die("fork");
        close(up[1]);
        await_all(up[0]);
        if (write((int)strtol(argv[4], NULL, 10), "\n", 1) != 1)
                die("the descriptor that is told");
        pace(period_us * 1000 / GROUPS);
        signal(SIGTERM, SIG_IGN);
        kill(0, SIGTERM);
        while (wait(NULL) > 0 || errno == EINTR)
                ;
        return 0;
}
