/* SPDX-License-Identifier: GPL-3.0-or-later
 * pass PID SAMPLES: attaches to a tree and takes so many samples of it, each with its record as text; what is to be
 * counted of it is counted(). The samples are STEP_MS apart, of which five are safely more than the second in which
 * the slow readings are due: so their number does not depend on how slow a simulator is. */
#include "denet/denet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 220, WARM = 5 };

/* In place of the library's own: valgrind does not know pidfd_open, and nothing here ends. */
int __wrap_dn_pidfd_open(int64_t pid);
int __wrap_dn_pidfd_open(int64_t pid) {
        int ends[2];

        (void)pid;
        return pipe2(ends, O_CLOEXEC) < 0 ? -errno : ends[0];
}

static int out;

static void sample(denet *d) {
        const denet_record *record;
        int r = denet_sample(d), trees = 0;

        while (r >= 0 && (r = denet_next(d, 0, &record)) > 0) {
                size_t size;
                const char *json = denet_record_json(record, &size);

                if (!json || write(out, json, size) < 0)
                        exit(1);
                trees += denet_record_kind(record) == DENET_TREE;
        }
        if (r != -EAGAIN || trees != 1) {
                fprintf(stderr, "pass: %d samples, then %s\n", trees, r < 0 ? strerror(-r) : "the end");
                exit(1);
        }
}

__attribute__((noinline)) static void counted(denet *d) {
        sample(d);
}

static void step(struct timespec *at) {
        at->tv_nsec += STEP_MS * 1000000L;
        at->tv_sec += at->tv_nsec / 1000000000;
        at->tv_nsec %= 1000000000;
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL) == EINTR)
                ;
}

int main(int argc, char *argv[]) {
        denet_options o = {.struct_size = sizeof(o), .interval_ms = 3600000, .max_interval_ms = 3600000};
        struct rlimit limit;
        struct timespec at;
        denet_error error;
        denet *d;

        if (argc != 3)
                return 2;
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
        out = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (denet_attach(&d, &o, strtoll(argv[1], NULL, 10), &error) < 0) {
                fprintf(stderr, "pass: %s\n", error.text);
                return 1;
        }
        clock_gettime(CLOCK_MONOTONIC, &at);
        for (long i = -WARM; i < strtol(argv[2], NULL, 10); i++) {
                step(&at);
                if (i < 0)
                        sample(d);
                else
                        counted(d);
        }
        denet_free(d);
        return 0;
}
