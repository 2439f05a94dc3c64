/* SPDX-License-Identifier: GPL-3.0-or-later
 * A recorded tree that is watched, whose files change, with a CPU clock that the test sets. */
#pragma once
#include "watched.h"

enum { NO_CLOCK = -1, CLOCKS = 4096 };
static int64_t clocks[CLOCKS]; /* by pid */

static inline bool clock_of_the_test(const struct dn_procfs *p, int64_t pid, int64_t *ret_ns) {
        assert_true(pid > 0 && pid < CLOCKS);
        if (clocks[pid] == NO_CLOCK)
                return false;
        *ret_ns = clocks[pid];
        return true;
}

static inline void run_for(int64_t pid, int64_t ns) {
        clocks[pid] += ns;
}

struct watched {
        struct scene scene;
        struct denet *d;
};

/* Whoever is not told to run sleeps. `limit`: of descriptors that are held. */
static inline void watch_with_clock(struct watched *w, uint32_t limit) {
        for (int pid = 0; pid < CLOCKS; pid++)
                clocks[pid] = 1000000000;
        scene_load(&w->scene, "6.12");
        scene_copy(&w->scene);
        w->d = prepare(&w->scene, "scene");
        w->d->target.procfs->cpu_clock = clock_of_the_test;
        w->d->target.procfs->limit = limit;
        begin(w->d);
}

static inline void unwatch(struct watched *w) {
        denet_free(w->d);
        scene_remove(&w->scene);
}

static inline int64_t pid_of(const struct watched *w, const char *name) {
        return scene_find(&w->scene, name)->pid;
}

static inline int64_t read_of(const struct watched *w, const char *name, int id) {
        return value_of(row_of(w->d, pid_of(w, name)), id);
}

struct stat_line {
        char state;
        int64_t ppid, minflt, threads, vsize, rss;
};

/* Behind its back: neither its clock nor its start is touched. */
static inline void put_stat(const struct watched *w, const char *name, const struct stat_line *s) {
        int64_t pid = pid_of(w, name);
        char line[256];
        int n = snprintf(line, sizeof(line),
                         "%" PRId64 " (%s) %c %" PRId64 " 1 1 0 -1 0 %" PRId64 " 0 0 0 5 7 0 0 20 0 %" PRId64
                         " 0 %" PRIu64 " %" PRId64 " %" PRId64 " 0 0 0 0\n",
                         pid, name, s->state, s->ppid, s->minflt, s->threads, row_of(w->d, pid)->key.start, s->vsize,
                         s->rss);

        scene_write(&w->scene, pid, "stat", (struct dn_str){line, (size_t)n});
}

static inline void put_io(const struct scene *scene, int64_t pid, int64_t wchar) {
        char file[256];
        int n = snprintf(file, sizeof(file),
                         "rchar: 1\nwchar: %" PRId64 "\nsyscr: 1\nsyscw: 1\nread_bytes: 0\nwrite_bytes: 0\n"
                         "cancelled_write_bytes: 0\n",
                         wchar);

        scene_write(scene, pid, "io", (struct dn_str){file, (size_t)n});
}
