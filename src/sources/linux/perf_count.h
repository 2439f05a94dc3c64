/* SPDX-License-Identifier: GPL-3.0-or-later
 * Counts of perf_event_open(2): opened for a thread and all that it starts, read, and scaled where the counters of the
 * processor were shared out among more events than it has (multiplexing). */
#pragma once
#include "sources/linux/perf_events.h"

#include <linux/perf_event.h>
#include <sys/types.h>

/* As read, with PERF_FORMAT_TOTAL_TIME_ENABLED and _RUNNING. */
struct dn_perf_count {
        uint64_t value, enabled_ns, running_ns;
};

/* The kernel; a test puts another in its place. */
struct dn_perf_kernel {
        int (*open)(void *user, struct perf_event_attr *attr, pid_t tid, int group); /* a descriptor or -errno */
        int (*read)(void *user, int fd, struct dn_perf_count *ret_count);            /* 0 or -errno */
        void (*close)(void *user, int fd);
        void *user;
};
extern const struct dn_perf_kernel dn_perf_kernel;

/* What a counter has counted, scaled from one reading to the next: so it never falls, and what was shared out is taken
 * by how it was just then. Begin with zeros. */
struct dn_perf_sum {
        struct dn_perf_count base; /* up to which it is in the total */
        uint64_t total;
};
void dn_perf_sum_add(struct dn_perf_sum *sum, const struct dn_perf_count *now);

/* The same event of two PMUs, each of which counts while the thread is on its cores. */
void dn_perf_count_join(struct dn_perf_count *to, const struct dn_perf_count *other);

/* A field of one thread and what it starts. */
struct dn_perf_counter {
        int field;
        uint32_t n;
        int fd[DN_PERF_PMUS];
        struct dn_perf_sum sum;
};

struct dn_perf_how {
        bool on_exec;     /* from the thread's next exec on; else at once */
        bool children;    /* the processes that it starts too, not only its threads */
        bool user_only;   /* what the kernel does is not counted */
        uint32_t refused; /* a bit for each choice that is not to be had here: not tried again */
};

/* Opens all choices of a thread that are to be had, one counter each. Returns their number; -EACCES, -EPERM: nothing
 * may be counted of it, by how->user_only; -ESRCH: it has gone; -EMFILE, -ENFILE; -ENOSYS. Then none is open. */
int dn_perf_open(const struct dn_perf_kernel *k, const struct dn_perf_choices *choices, struct dn_perf_how *how,
                 pid_t tid, struct dn_perf_counter ret_counters[DN_PERF_FIELDS]);
void dn_perf_close(const struct dn_perf_kernel *k, struct dn_perf_counter *counters, uint32_t n);

/* Reads it into its sum, which stands where that fails. */
void dn_perf_read(const struct dn_perf_kernel *k, struct dn_perf_counter *counter);
