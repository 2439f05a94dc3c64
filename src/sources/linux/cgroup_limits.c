/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/cgroup_limits.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/parse_cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { LEVELS_MAX = 32, LIMITED_MAX = 8, STAT_MAX = 16384 };

/* Of a cgroup with a limit the files, held open. */
struct level {
        int limit, used, stat; /* stat -1: nothing of what is used is page cache */
        bool above;
};

struct levels {
        struct level at[LIMITED_MAX];
        size_t n;
};

struct dn_limits {
        struct levels memory, pids;
};

static const struct names {
        const char *limit, *used, *stat;
} memory_v2 = {"memory.max", "memory.current", "memory.stat"},
  memory_v1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat"},
  pids = {"pids.max", "pids.current", NULL};

static int open_file(int directory, const char *name) {
        return name ? openat(directory, name, O_RDONLY | O_CLOEXEC) : -1;
}

/* "max", or of version 1 the most that there can be, is no number that the parser takes. */
static bool read_number(int fd, uint64_t *ret_number) {
        char buffer[64];
        int n = fd < 0 ? -1 : dn_file_reread(fd, buffer, sizeof(buffer));

        return n > 0 && dn_cgroup_number_parse((struct dn_str){buffer, (size_t)n}, ret_number) == 0;
}

static void close_level(struct level *level) {
        dn_guard_close(&level->limit);
        dn_guard_close(&level->used);
        dn_guard_close(&level->stat);
}

static void look_at(struct levels *levels, int directory, const struct names *names, bool above) {
        struct level level = {open_file(directory, names->limit), -1, -1, above};
        uint64_t limit;

        if (levels->n < LIMITED_MAX && read_number(level.limit, &limit)) {
                level.used = open_file(directory, names->used);
                level.stat = open_file(directory, names->stat);
                levels->at[levels->n++] = level;
        } else
                close_level(&level);
}

/* Upwards as far as the hierarchy can be seen: what is above its mount is of another device. `above`: the first is one
 * already. */
static void look_up(struct levels *levels, int directory, const struct names *names, bool above) {
        dn_autoclose int fd = directory < 0 ? -1 : dn_file_directory(directory, ".");
        struct stat st, up;

        if (fd < 0 || fstat(fd, &st) < 0)
                return;
        for (int n = 0; n < LEVELS_MAX; n++) {
                int next;

                look_at(levels, fd, names, above || n > 0);
                next = dn_file_directory(fd, "..");
                if (next < 0)
                        return;
                close(fd);
                fd = next;
                if (fstat(fd, &up) < 0 || up.st_dev != st.st_dev || up.st_ino == st.st_ino)
                        return;
                st.st_ino = up.st_ino;
        }
}

/* A job whose own cgroup is of the unified hierarchy alone stays, in the others, where it was started. */
static void look_up_old(struct levels *levels, const struct dn_cgroup *c, int h, const struct names *names) {
        look_up(levels, c->at[h] >= 0 ? c->at[h] : c->above[h], names, c->at[h] < 0);
}

int dn_limits_open(struct dn_limits **ret_limits, const struct dn_cgroup *c) {
        struct dn_limits *limits = calloc(1, sizeof(*limits));

        if (!limits)
                return -ENOMEM;
        look_up(&limits->memory, c->at[DN_UNIFIED], &memory_v2, false);
        look_up_old(&limits->memory, c, DN_MEMORY, &memory_v1);
        look_up(&limits->pids, c->at[DN_UNIFIED], &pids, false);
        look_up_old(&limits->pids, c, DN_PIDS, &pids);
        *ret_limits = limits;
        return 0;
}

void dn_limits_close(struct dn_limits *limits) {
        if (!limits)
                return;
        for (size_t i = 0; i < limits->memory.n; i++)
                close_level(&limits->memory.at[i]);
        for (size_t i = 0; i < limits->pids.n; i++)
                close_level(&limits->pids.at[i]);
        free(limits);
}

/* Page cache goes when room is needed, so a cgroup full of it is not at its limit. */
static uint64_t page_cache(const struct level *level) {
        char buffer[STAT_MAX];
        int n = level->stat < 0 ? -1 : dn_file_reread(level->stat, buffer, sizeof(buffer));
        uint64_t bytes;

        return n > 0 && dn_cgroup_page_cache_parse((struct dn_str){buffer, (size_t)n}, &bytes) == 0 ? bytes : 0;
}

static bool read_level(const struct level *level, struct dn_limit *ret_limit) {
        struct dn_limit l = {.above = level->above};
        uint64_t cache;

        if (!read_number(level->limit, &l.limit) || !read_number(level->used, &l.used))
                return false;
        cache = page_cache(level);
        l.used = l.used > cache ? l.used - cache : 0;
        *ret_limit = l;
        return true;
}

static bool is_nearer(const struct dn_limit *a, const struct dn_limit *b) {
        return (unsigned __int128)a->used * b->limit > (unsigned __int128)b->used * a->limit;
}

/* Of two that are as near the lower one. */
static bool find_nearest(const struct levels *levels, struct dn_limit *ret_limit) {
        struct dn_limit nearest = {0}, l;
        bool any = false;

        for (size_t i = 0; i < levels->n; i++) {
                if (!read_level(&levels->at[i], &l) || (any && !is_nearer(&l, &nearest)))
                        continue;
                nearest = l;
                any = true;
        }
        if (any)
                *ret_limit = nearest;
        return any;
}

bool dn_limits_memory(struct dn_limits *limits, struct dn_limit *ret_limit) {
        return find_nearest(&limits->memory, ret_limit);
}

bool dn_limits_pids(struct dn_limits *limits, struct dn_limit *ret_limit) {
        return find_nearest(&limits->pids, ret_limit);
}
