/* SPDX-License-Identifier: GPL-3.0-or-later
 * bare INTERVAL_MS SAMPLES < PIDS: the least that a sampler of processes can do, to measure others by. It holds
 * descriptors of stat and io of every process given, reads each once an interval, and looks at nothing. Prints samples
 * taken, CPU time in microseconds (set-up left out), and how many samples began late. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 100000, WARM = 5 };

static int held[MAX][2];
static size_t n;

static void die(const char *what) {
        perror(what);
        exit(1);
}

static int hold(int64_t pid, const char *file) {
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/proc/%lld/%s", (long long)pid, file);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                die(path);
        return fd;
}

static void hold_all(void) {
        long long pid;

        for (; n < MAX && scanf("%lld", &pid) == 1; n++) {
                held[n][0] = hold(pid, "stat");
                held[n][1] = hold(pid, "io");
        }
}

static void raise_limit(void) {
        struct rlimit limit = {2 * MAX + 16, 2 * MAX + 16};

        if (setrlimit(RLIMIT_NOFILE, &limit) == 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

static void sample(void) {
        static char buffer[4096];

        for (size_t i = 0; i < n; i++)
                if (pread(held[i][0], buffer, sizeof(buffer), 0) <= 0 ||
                    pread(held[i][1], buffer, sizeof(buffer), 0) <= 0)
                        die("a process has ended");
}

static int64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t used_us(void) {
        struct rusage u;

        getrusage(RUSAGE_SELF, &u);
        return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void wait_until(int64_t at_ns) {
        struct timespec t = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
                ;
}

int main(int argc, char *argv[]) {
        int64_t interval_ns, samples, at_ns, began_us = 0, late = 0;

        if (argc != 3)
                return 2;
        interval_ns = strtoll(argv[1], NULL, 10) * 1000000;
        samples = strtoll(argv[2], NULL, 10);
        raise_limit();
        hold_all();
        at_ns = now_ns();
        for (int64_t i = -WARM; i < samples; i++) {
                if (i == 0)
                        began_us = used_us();
                at_ns += interval_ns;
                if (now_ns() > at_ns) {
                        late += i >= 0;
                        at_ns = now_ns();
                }
                wait_until(at_ns);
                sample();
        }
        printf("%lld %lld %lld\n", (long long)samples, (long long)(used_us() - began_us), (long long)late);
        return 0;
}
