/* SPDX-License-Identifier: GPL-3.0-or-later
 * How much memory there is, and how much of it the cgroups leave to this process. */
#include "base/file.h"
#include "base/guard.h"
#include "sources/env.h"

/* Where a hierarchy with memory limits is to be seen: `point` below /sys shows it from its cgroup `root` on. */
struct hierarchy {
        bool v2;
        struct dn_str root, point;
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

/* A line of mountinfo (proc(5)): ID parent device ROOT POINT options … - TYPE source OPTIONS. */
static bool is_hierarchy(struct dn_str line, bool v2, struct hierarchy *ret_h) {
        struct dn_str word, root, point, type, options;

        for (int i = 0; i < 3; i++)
                if (!dn_str_word(&line, &word))
                        return false;
        if (!dn_str_word(&line, &root) || !dn_str_word(&line, &point) || !dn_str_starts(point, DN_STR("/sys/")))
                return false;
        do
                if (!dn_str_word(&line, &word))
                        return false;
        while (!dn_str_equal(word, DN_STR("-")));
        if (!dn_str_word(&line, &type) || !dn_str_word(&line, &word) || !dn_str_word(&line, &options))
                return false;
        if (!dn_str_equal(type, v2 ? DN_STR("cgroup2") : DN_STR("cgroup")) ||
            (!v2 && !dn_str_lists(options, DN_STR("memory"))))
                return false;
        *ret_h = (struct hierarchy){v2, root, {point.p + strlen("/sys/"), point.n - strlen("/sys/")}};
        return true;
}

/* By mountinfo; where that does not say, where everybody mounts it. */
static struct hierarchy find_hierarchy(struct dn_str mounts, bool v2) {
        struct hierarchy h = {v2, DN_STR("/"), v2 ? DN_STR("fs/cgroup") : DN_STR("fs/cgroup/memory")};
        struct dn_str line;

        while (dn_str_cut(&mounts, '\n', &line))
                if (is_hierarchy(line, v2, &h))
                        break;
        return h;
}

/* The path of this process in that hierarchy, by its /proc/PID/cgroup: "4:cpu,memory:/path", or "0::/path". */
static bool find_path(struct dn_str cgroups, bool v2, struct dn_str *ret_path) {
        struct dn_str line, number, controllers;

        while (dn_str_cut(&cgroups, '\n', &line)) {
                if (!dn_str_cut(&line, ':', &number) || !dn_str_cut(&line, ':', &controllers))
                        continue;
                if (v2 ? !dn_str_equal(number, DN_STR("0")) : !dn_str_lists(controllers, DN_STR("memory")))
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

static void take_limit(int sys, const struct hierarchy *h, struct dn_str below, int64_t *limit_kb) {
        dn_autotext struct dn_text path = {0};
        uint64_t bytes;

        dn_text_put(&path, h->point);
        dn_text_put(&path, below);
        dn_text_put(&path, h->v2 ? DN_STR("/memory.max") : DN_STR("/memory.limit_in_bytes"));
        if (!dn_text_cstr(&path) || dn_file_u64(sys, path.p, &bytes) < 0)
                return; /* "max" is no number either */
        if (*limit_kb < 0 || bytes / 1024 < (uint64_t)*limit_kb)
                *limit_kb = (int64_t)(bytes / 1024);
}

/* Upwards: a limit holds for all that is below it. */
static void take_limits(int sys, const struct hierarchy *h, struct dn_str below, int64_t *limit_kb) {
        for (;;) {
                const char *slash = below.n > 0 ? memrchr(below.p, '/', below.n) : NULL;

                take_limit(sys, h, below, limit_kb);
                if (!slash)
                        return;
                below.n = (size_t)(slash - below.p);
        }
}

int64_t dn_memory_limit_kb(int proc, int sys) {
        dn_autotext struct dn_text cgroups = {0}, mounts = {0};
        int64_t limit_kb = -1, total_kb = dn_memory_total_kb(proc);

        if (dn_file_append(proc, "self/cgroup", 65536, &cgroups) < 0)
                return -1;
        (void)dn_file_append(proc, "self/mountinfo", 1 << 20, &mounts);
        for (int v2 = 0; v2 < 2; v2++) {
                struct hierarchy h = find_hierarchy(dn_text_str(&mounts), v2);
                struct dn_str path;

                if (find_path(dn_text_str(&cgroups), v2, &path))
                        take_limits(sys, &h, below_root(path, h.root), &limit_kb);
        }
        /* "No limit" is a number in v1: the most pages that an address can have. */
        return limit_kb >= (total_kb < 0 ? INT64_MAX / 1024 / 2 : total_kb) ? -1 : limit_kb;
}
