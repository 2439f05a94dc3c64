/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/task_clock.h"
#include "base/guard.h"
#include "base/slots.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>

enum { THREADS_MAX = 16, OPEN_MAX = 256, WINDOW = 32 };
static const int64_t tick_ns = 10000000; /* the longest that a kernel has: HZ 100 */

struct dn_task_clock {
        struct dn_key key;
        int n, fd[THREADS_MAX]; /* of the threads that were there; those that they start are counted with them */
        bool tried;
        /* The process's CPU time when the counts were 0. The clock, which lags, less the counts is never above it, and
         * comes close at each tick and switch: so it is the greatest of that over the last two windows of readings. Not
         * of all: the two count switches and interrupts differently, and drift apart. */
        int64_t base_ns, window_ns;
        int readings;       /* of this window */
        int64_t counted_ns; /* by the reading before */
};

static int open_thread(struct dn_task_clocks *clocks, pid_t tid) {
        struct perf_event_attr attr = {
                .type = PERF_TYPE_SOFTWARE,
                .size = sizeof(attr),
                .config = PERF_COUNT_SW_TASK_CLOCK,
                .exclude_kernel = 1, /* for the right to open it: the task clock counts all the same */
                .inherit = 1,
                .inherit_thread = 1,
        };
        long fd = syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);

        if (fd < 0 && errno != ESRCH && errno != EMFILE)
                clocks->refused = true;
        return (int)fd;
}

/* All threads, or none: with one missing the sum would say too little, and say so for ever. */
static void open_all(struct dn_task_clocks *clocks, struct dn_procfs *p, const struct dn_row *row,
                     struct dn_task_clock *clock) {
        int task = dn_procfs_open_at(p, row->slot, "task");
        dn_autodir DIR *dir = dn_entries_of(task);
        struct dirent *entry;
        bool all = dir != NULL;
        uint64_t tid;

        while (all && (entry = readdir(dir))) {
                if (!dn_str_u64(dn_str_of(entry->d_name), &tid))
                        continue;
                all = clock->n < THREADS_MAX && clocks->open < OPEN_MAX;
                if (!all)
                        break;
                clock->fd[clock->n] = open_thread(clocks, (pid_t)tid);
                all = clock->fd[clock->n] >= 0;
                clock->n += all;
                clocks->open += all;
        }
        if (!all)
                dn_task_clock_forget(clocks, row->slot);
        clock->tried = true;
        clock->key = row->key;
}

static struct dn_task_clock *clock_of(struct dn_task_clocks *clocks, struct dn_procfs *p, const struct dn_row *row) {
        struct dn_task_clock *clock = dn_slots_reserve(clocks->by_slot, &clocks->room, row->slot, sizeof(*clock));

        if (!clock)
                return NULL;
        clocks->by_slot = clock;
        clock = &clocks->by_slot[row->slot];
        if (!clock->tried || !dn_key_equal(clock->key, row->key)) {
                dn_task_clock_forget(clocks, row->slot);
                open_all(clocks, p, row, clock);
        }
        return clock->n > 0 ? clock : NULL;
}

static bool read_all(const struct dn_task_clock *clock, int64_t *ret_ns) {
        int64_t sum_ns = 0;

        for (int i = 0; i < clock->n; i++) {
                uint64_t ns;

                if (read(clock->fd[i], &ns, sizeof(ns)) != (ssize_t)sizeof(ns))
                        return false;
                sum_ns += (int64_t)ns;
        }
        *ret_ns = sum_ns;
        return true;
}

static int64_t base(struct dn_task_clock *clock, int64_t difference_ns) {
        if (clock->readings == 0 || difference_ns > clock->window_ns)
                clock->window_ns = difference_ns;
        if (clock->window_ns > clock->base_ns)
                clock->base_ns = clock->window_ns;
        if (++clock->readings == WINDOW) {
                clock->base_ns = clock->window_ns;
                clock->readings = 0;
        }
        return clock->base_ns;
}

int64_t dn_task_clock_read(struct dn_task_clocks *clocks, struct dn_procfs *p, const struct dn_row *row,
                           int64_t clock_ns) {
        struct dn_task_clock *clock = clocks->refused || !p->real ? NULL : clock_of(clocks, p, row);
        int64_t counted_ns, now_ns, most_ns;

        if (!clock || !read_all(clock, &counted_ns))
                return clock_ns;
        /* A count that falls lacks threads that have ended: no more is to be had of it, and the base would be too high.
         */
        if (counted_ns < clock->counted_ns) {
                dn_task_clock_forget(clocks, row->slot);
                clock->tried = true;
                clock->key = row->key;
                return clock_ns;
        }
        clock->counted_ns = counted_ns;
        now_ns = base(clock, clock_ns - counted_ns) + counted_ns;
        most_ns = clock_ns + tick_ns * clock->n;
        return now_ns < most_ns ? now_ns : most_ns;
}

void dn_task_clock_forget(struct dn_task_clocks *clocks, uint32_t slot) {
        struct dn_task_clock *clock = slot < clocks->room ? &clocks->by_slot[slot] : NULL;

        if (!clock)
                return;
        for (int i = 0; i < clock->n; i++)
                close(clock->fd[i]);
        clocks->open -= (uint32_t)clock->n;
        *clock = (struct dn_task_clock){0};
}

void dn_task_clock_close(struct dn_task_clocks *clocks) {
        for (uint32_t slot = 0; slot < clocks->room; slot++)
                dn_task_clock_forget(clocks, slot);
        free(clocks->by_slot);
        *clocks = (struct dn_task_clocks){0};
}
