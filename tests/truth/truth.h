/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the programs of this folder share: CPU time burnt by the clock that charges it, and a report in a shared
 * mapping, so that telling the truth writes no byte and reads none. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The file that the tests read: native 64-bit numbers in this order. */
struct report {
        uint64_t cpu_ns;    /* what the processes say of themselves, each in its last moment */
        uint64_t processes; /* that have ended, or are about to */
        uint64_t user_us, system_us;
};

static inline void die(const char *what) {
        perror(what);
        exit(99);
}

static inline uint64_t clock_now_ns(clockid_t clock) {
        struct timespec t;

        if (clock_gettime(clock, &t) < 0)
                die("clock_gettime");
        return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Until this thread has used so much more CPU time. */
static inline void burn_us(uint64_t us) {
        uint64_t end = clock_now_ns(CLOCK_THREAD_CPUTIME_ID) + us * 1000;

        while (clock_now_ns(CLOCK_THREAD_CPUTIME_ID) < end)
                for (volatile int i = 0; i < 500; i++)
                        ;
}

static inline void sleep_ms(uint64_t ms) {
        struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

        while (nanosleep(&t, &t) < 0 && errno == EINTR)
                ;
}

static inline uint64_t number_of(const char *text) {
        char *end;
        uint64_t n = strtoull(text, &end, 10);

        if (*text == '\0' || *end != '\0') {
                fprintf(stderr, "'%s' is no number\n", text);
                exit(99);
        }
        return n;
}

static inline struct report *report_open(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        struct report *report;

        if (fd < 0 || ftruncate(fd, sizeof(*report)) < 0)
                die(path);
        report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (report == MAP_FAILED)
                die("mmap");
        close(fd);
        return report;
}

/* The last that a process does before it ends. */
static inline void report_self(struct report *report) {
        __atomic_add_fetch(&report->cpu_ns, clock_now_ns(CLOCK_PROCESS_CPUTIME_ID), __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&report->processes, 1, __ATOMIC_SEQ_CST);
}
