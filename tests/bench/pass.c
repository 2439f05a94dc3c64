/* SPDX-License-Identifier: GPL-3.0-or-later
 * pass PID ROUNDS: attaches to a tree and takes samples of it, each with its record as text; what is to be counted of
 * it is counted(). What is counted is to depend on no clock, however slow a simulator is. So a round is a rest, one
 * sample that takes the slow readings that are then due, and two that are counted, before those are due again, before
 * all of /proc is looked at again, and before the processes, which began together, are a second older. */
#include "denet/denet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { REST_MS = 1100, STEP_MS = 120, COUNTED = 2, AT_MS = 300, ROUND_MS = 650, FULL_LOOK_MS = 5000, TOO_BUSY = 3 };

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

static void pause_for(long ms) {
        struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

        while (nanosleep(&t, &t) < 0 && errno == EINTR)
                ;
}

static int64_t now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t start_ms(const char *pid) {
        unsigned long long ticks;
        char path[64], line[1024];
        const char *rest;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
        file = fopen(path, "re");
        if (!file || !fgets(line, sizeof(line), file) || !(rest = strrchr(line, ')')) ||
            sscanf(rest, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
                   &ticks) != 1)
                exit(1);
        fclose(file);
        return (int64_t)(ticks * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/* False: it took so long that something else may have been counted, too. */
static bool take_round(denet *d, int64_t start) {
        int64_t began_ms = now_ms() + REST_MS;

        began_ms += 1000 - (began_ms - start - AT_MS) % 1000;
        pause_for(began_ms - now_ms());
        sample(d);
        for (int i = 0; i < COUNTED; i++) {
                pause_for(STEP_MS);
                counted(d);
        }
        return now_ms() - began_ms < ROUND_MS;
}

int main(int argc, char *argv[]) {
        denet_options o = {.struct_size = sizeof(o),
                           .interval_ms = 3600000,
                           .max_interval_ms = 3600000,
                           .sampler = DENET_SAMPLER_PROCFS};
        struct rlimit limit;
        denet_error error;
        int64_t began_ms;
        denet *d;

        if (argc != 3)
                return 2;
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
                limit.rlim_cur = limit.rlim_max;
                setrlimit(RLIMIT_NOFILE, &limit);
        }
        out = open("/dev/null", O_WRONLY | O_CLOEXEC);
        began_ms = now_ms();
        if (denet_attach(&d, &o, strtoll(argv[1], NULL, 10), &error) < 0) {
                fprintf(stderr, "pass: %s\n", error.text);
                return 1;
        }
        for (long left = strtol(argv[2], NULL, 10); left > 0; left--)
                if (!take_round(d, start_ms(argv[1])) || now_ms() - began_ms > FULL_LOOK_MS)
                        return TOO_BUSY;
        denet_free(d);
        return 0;
}
