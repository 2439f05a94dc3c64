/* SPDX-License-Identifier: GPL-3.0-or-later
 * How much memory there is, and how much of it and of the cores the cgroups leave to this process. */
#include "base/file.h"
#include "base/guard.h"
#include "host/mountinfo.h"
#include "sources/env.h"

/* Where a hierarchy with limits is to be seen: `point` below /sys shows it from its cgroup `root` on. */
struct hierarchy {
        bool v2;
        struct dn_str root, point;
};

/* What is limited: `controller` of version 1, and how the limit is found in a cgroup, `path` without its last piece. */
struct resource {
        struct dn_str controller, usual; /* where version 1 is mounted by everybody */
        void (*take)(int sys, bool v2, struct dn_text *path, int64_t *limit);
};

int64_t dn_memory_total_kb(int proc) {
        char buffer[256]; /* it is the first line */
        int n = dn_file_read(proc, "meminfo", buffer, sizeof(buffer));
        struct dn_str rest = {buffer, n > 0 ? (size_t)n : 0}, value;
        int64_t kb;

        if (!dn_str_value(&rest, DN_STR("MemTotal"), &value) || !dn_str_take_i64(&value, &kb) || kb < 0)
                return -1;
        return kb;
}

static bool is_hierarchy(struct dn_str line, bool v2, struct dn_str controller, struct hierarchy *ret_h) {
        struct dn_mount m;

        if (dn_mount_parse(line, &m) < 0 || !dn_str_starts(m.point, DN_STR("/sys/")))
                return false;
        if (!dn_str_equal(m.type, v2 ? DN_STR("cgroup2") : DN_STR("cgroup")) ||
            (!v2 && !dn_str_lists(m.super_options, controller)))
                return false;
        *ret_h = (struct hierarchy){v2, m.root, {m.point.p + strlen("/sys/"), m.point.n - strlen("/sys/")}};
        return true;
}

/* By mountinfo; where that does not say, where everybody mounts it. */
static struct hierarchy find_hierarchy(struct dn_str mounts, bool v2, const struct resource *what) {
        struct hierarchy h = {v2, DN_STR("/"), v2 ? DN_STR("fs/cgroup") : what->usual};
        struct dn_str line;

        while (dn_str_cut(&mounts, '\n', &line))
                if (is_hierarchy(line, v2, what->controller, &h))
                        break;
        return h;
}

/* The path of this process in that hierarchy, by its /proc/PID/cgroup: "4:cpu,memory:/path", or "0::/path". */
static bool find_path(struct dn_str cgroups, bool v2, struct dn_str controller, struct dn_str *ret_path) {
        struct dn_str line, number, controllers;

        while (dn_str_cut(&cgroups, '\n', &line)) {
                if (!dn_str_cut(&line, ':', &number) || !dn_str_cut(&line, ':', &controllers))
                        continue;
                if (v2 ? !dn_str_equal(number, DN_STR("0")) : !dn_str_lists(controllers, controller))
                        continue;
                *ret_path = line;
                return true;
        }
        return false;
}

/* What is left of the path below the mounted root. What lies outside of it cannot be seen: the root alone then. */
static struct dn_str below_root(struct dn_str path, struct dn_str root) {
        struct dn_str rest = path, piece;

        while (dn_str_cut(&rest, '/', &piece))
                if (dn_str_equal(piece, DN_STR("..")))
                        return DN_STR("");
        if (dn_str_equal(root, DN_STR("/")))
                return path;
        if (!dn_str_starts(path, root) || (path.n > root.n && path.p[root.n] != '/'))
                return DN_STR("");
        return (struct dn_str){path.p + root.n, path.n - root.n};
}

/* "max" is no number. */
static void take_memory(int sys, bool v2, struct dn_text *path, int64_t *limit) {
        uint64_t bytes;

        dn_text_put(path, v2 ? DN_STR("/memory.max") : DN_STR("/memory.limit_in_bytes"));
        if (!dn_text_cstr(path) || dn_file_u64(sys, path->p, &bytes) < 0)
                return;
        if (*limit < 0 || bytes / 1024 < (uint64_t)*limit)
                *limit = (int64_t)(bytes / 1024);
}

/* "200000 100000": of each 100 ms so much on all cores together; version 1 has a file for each, and -1 for none. */
static void take_cores(int sys, bool v2, struct dn_text *path, int64_t *limit) {
        size_t directory = path->n;
        uint64_t quota, period;
        char buffer[64];
        struct dn_str rest;
        int n;

        dn_text_put(path, v2 ? DN_STR("/cpu.max") : DN_STR("/cpu.cfs_quota_us"));
        n = dn_text_cstr(path) ? dn_file_read(sys, path->p, buffer, sizeof(buffer)) : -1;
        rest = (struct dn_str){buffer, n > 0 ? (size_t)n : 0};
        if (!dn_str_take_u64(&rest, &quota))
                return;
        path->n = directory;
        dn_text_put(path, DN_STR("/cpu.cfs_period_us"));
        if (v2 ? !dn_str_take_u64(&rest, &period) : !dn_text_cstr(path) || dn_file_u64(sys, path->p, &period) < 0)
                return;
        if (period == 0 || quota > UINT32_MAX)
                return;
        if (*limit < 0 || quota * 1000 / period < (uint64_t)*limit)
                *limit = (int64_t)(quota * 1000 / period);
}

/* Upwards: a limit holds for all that is below it. */
static void take_limits(int sys, const struct hierarchy *h, struct dn_str below, const struct resource *what,
                        int64_t *limit) {
        for (;;) {
                const char *slash = below.n > 0 ? memrchr(below.p, '/', below.n) : NULL;
                dn_autotext struct dn_text path = {0};

                dn_text_put(&path, h->point);
                dn_text_put(&path, below);
                what->take(sys, h->v2, &path, limit);
                if (!slash)
                        return;
                below.n = (size_t)(slash - below.p);
        }
}

/* -1: none. */
static int64_t least_limit(int proc, int sys, const struct resource *what) {
        dn_autotext struct dn_text cgroups = {0}, mounts = {0};
        int64_t limit = -1;

        if (dn_file_append(proc, "self/cgroup", 65536, &cgroups) < 0)
                return -1;
        (void)dn_file_append(proc, "self/mountinfo", 1 << 20, &mounts);
        for (int v2 = 0; v2 < 2; v2++) {
                struct hierarchy h = find_hierarchy(dn_text_str(&mounts), v2, what);
                struct dn_str path;

                if (find_path(dn_text_str(&cgroups), v2, what->controller, &path))
                        take_limits(sys, &h, below_root(path, h.root), what, &limit);
        }
        return limit;
}

int64_t dn_memory_limit_kb(int proc, int sys) {
        const struct resource memory = {DN_STR("memory"), DN_STR("fs/cgroup/memory"), take_memory};
        int64_t limit_kb = least_limit(proc, sys, &memory), total_kb = dn_memory_total_kb(proc);

        /* "No limit" is a number in v1: the most pages that an address can have. */
        return limit_kb >= (total_kb < 0 ? INT64_MAX / 1024 / 2 : total_kb) ? -1 : limit_kb;
}

int64_t dn_cores_limit_milli(int proc, int sys) {
        const struct resource cpu = {DN_STR("cpu"), DN_STR("fs/cgroup/cpu"), take_cores};

        return least_limit(proc, sys, &cpu);
}
