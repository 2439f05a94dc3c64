/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/cgroup.h"
#include "base/file.h"
#include "base/guard.h"
#include "host/mountinfo.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static const struct dn_str controllers_v1[DN_HIERARCHIES] = {
        [DN_CPUACCT] = DN_STR("cpuacct"),
        [DN_MEMORY] = DN_STR("memory"),
        [DN_PIDS] = DN_STR("pids"),
        [DN_BLKIO] = DN_STR("blkio"),
};

void dn_cgroup_init(struct dn_cgroup *c) {
        *c = (struct dn_cgroup){.begun = true};
        for (int h = 0; h < DN_HIERARCHIES; h++)
                c->at[h] = c->above[h] = -1;
}

void dn_cgroup_close(struct dn_cgroup *c) {
        for (int h = 0; h < DN_HIERARCHIES && c->begun; h++) {
                dn_guard_close(&c->at[h]);
                dn_guard_close(&c->above[h]);
        }
        dn_text_free(&c->path);
        dn_text_free(&c->controllers);
        dn_text_free(&c->why);
        dn_text_free(&c->hint);
        dn_cgroup_init(c);
}

/* The path in this hierarchy by a /proc/PID/cgroup: "4:cpu,memory:/path", or "0::/path". */
static bool find_path(struct dn_str cgroups, int h, struct dn_str *ret_path) {
        struct dn_str line, number, controllers;

        while (dn_str_cut(&cgroups, '\n', &line)) {
                if (!dn_str_cut(&line, ':', &number) || !dn_str_cut(&line, ':', &controllers))
                        continue;
                if (h == DN_UNIFIED ? !dn_str_equal(number, DN_STR("0"))
                                    : !dn_str_lists(controllers, controllers_v1[h]))
                        continue;
                *ret_path = line;
                return true;
        }
        return false;
}

static bool shows(const struct dn_mount *m, int h) {
        if (h == DN_UNIFIED)
                return dn_str_equal(m->type, DN_STR("cgroup2"));
        return dn_str_equal(m->type, DN_STR("cgroup")) && dn_str_lists(m->super_options, controllers_v1[h]);
}

/* What is left of the path below the mounted root; false where it lies outside of it, and is not to be seen. */
static bool below_root(struct dn_str path, struct dn_str root, struct dn_str *ret_below) {
        struct dn_str rest = path, piece;

        while (dn_str_cut(&rest, '/', &piece))
                if (dn_str_equal(piece, DN_STR("..")))
                        return false;
        *ret_below = path;
        if (dn_str_equal(root, DN_STR("/")))
                return true;
        if (!dn_str_starts(path, root) || (path.n > root.n && path.p[root.n] != '/'))
                return false;
        *ret_below = (struct dn_str){path.p + root.n, path.n - root.n};
        return true;
}

/* -1 where no mount shows it. */
static int open_path(struct dn_str mounts, int h, struct dn_str path) {
        struct dn_str line, below;
        struct dn_mount m;

        while (dn_str_cut(&mounts, '\n', &line)) {
                dn_autotext struct dn_text whole = {0};
                int fd;

                if (dn_mount_parse(line, &m) < 0 || !shows(&m, h) || !below_root(path, m.root, &below))
                        continue;
                dn_mount_put_name(&whole, m.point);
                dn_text_put(&whole, below);
                fd = dn_text_cstr(&whole) ? dn_file_directory(AT_FDCWD, whole.p) : -ENOMEM;
                if (fd >= 0)
                        return fd;
        }
        return -1;
}

bool dn_cgroup_is_root(int h, int directory) {
        return h == DN_UNIFIED ? faccessat(directory, "cgroup.type", F_OK, 0) < 0
                               : faccessat(directory, "release_agent", F_OK, 0) == 0;
}

int dn_cgroup_locate(int proc, const char *pid, bool roots, int at[DN_HIERARCHIES], struct dn_text *path) {
        enum { CGROUP_MAX = 1 << 16, MOUNTS_MAX = 8 << 20 };
        dn_autotext struct dn_text cgroups = {0}, mounts = {0}, file = {0};
        struct dn_str found;
        int r;

        dn_text_printf(&file, "%s/cgroup", pid);
        if (!dn_text_cstr(&file))
                return -ENOMEM;
        r = dn_file_append(proc, file.p, CGROUP_MAX, &cgroups);
        if (r == 0)
                r = dn_file_append(proc, "self/mountinfo", MOUNTS_MAX, &mounts);
        if (r < 0)
                return r;
        for (int h = 0; h < DN_HIERARCHIES; h++) {
                if (!find_path(dn_text_str(&cgroups), h, &found))
                        continue;
                at[h] = open_path(dn_text_str(&mounts), h, found);
                if (at[h] >= 0 && !roots && dn_cgroup_is_root(h, at[h])) {
                        close(at[h]);
                        at[h] = -1;
                }
                if (at[h] >= 0 && path->n == 0)
                        dn_text_put(path, found);
        }
        return 0;
}

static void name_controller(struct dn_text *names, struct dn_str name) {
        if (names->n > 0)
                dn_text_put_char(names, ' ');
        dn_text_put(names, name);
}

static bool is_read(struct dn_str controller) {
        return dn_str_equal(controller, DN_STR("cpu")) || dn_str_equal(controller, DN_STR("memory")) ||
               dn_str_equal(controller, DN_STR("io")) || dn_str_equal(controller, DN_STR("pids"));
}

void dn_cgroup_describe(struct dn_cgroup *c) {
        char buffer[256];
        int n = c->at[DN_UNIFIED] < 0 ? -1
                                      : dn_file_read(c->at[DN_UNIFIED], "cgroup.controllers", buffer, sizeof(buffer));
        struct dn_str rest = dn_str_trim((struct dn_str){buffer, n > 0 ? (size_t)n : 0}), word;

        dn_text_reset(&c->controllers);
        c->version = c->at[DN_UNIFIED] >= 0 ? 2 : 0;
        while (dn_str_word(&rest, &word))
                if (is_read(word))
                        name_controller(&c->controllers, word);
        for (int h = DN_CPUACCT; h < DN_HIERARCHIES; h++)
                if (c->at[h] >= 0) {
                        c->version = 1;
                        name_controller(&c->controllers, controllers_v1[h]);
                }
}

int dn_cgroup_find(struct dn_cgroup *c, const char *proc, const char *pid) {
        dn_autoclose int root = dn_file_directory(AT_FDCWD, proc ? proc : "/proc");
        struct dn_text path = {0};
        int r = root < 0 ? root : dn_cgroup_locate(root, pid, false, c->at, &path);
        bool any = false;

        dn_text_free(&c->path);
        c->path = path;
        for (int h = 0; h < DN_HIERARCHIES; h++)
                any |= c->at[h] >= 0;
        dn_cgroup_describe(c);
        if (r == 0 && !any)
                r = -ENOENT;
        if (r < 0 && c->why.n == 0)
                dn_text_put(&c->why, r == -ENOENT ? DN_STR("the process is in no cgroup but the root of the machine's")
                                                  : dn_str_of(strerror(-r)));
        return r;
}

/* One that has none below it has two links: its name, and its own. */
static bool has_none_below(int directory) {
        struct stat st;

        return fstat(directory, &st) == 0 && st.st_nlink == 2;
}

static int each_in(int directory, int (*look)(void *user, int64_t pid), void *user) {
        enum { PROCS_MAX = 64 << 20 };
        dn_autotext struct dn_text procs = {0};
        struct dn_str rest, line;
        uint64_t pid;
        int r = 0;

        /* One of threads alone has no such file that could be read; their processes are in the one above. */
        if (dn_file_append(directory, "cgroup.procs", PROCS_MAX, &procs) < 0)
                return 0;
        rest = dn_text_str(&procs);
        while (r >= 0 && dn_str_cut(&rest, '\n', &line))
                if (dn_str_u64(line, &pid) && pid > 0 && pid <= INT32_MAX) /* 0: of another PID namespace */
                        r = look(user, (int64_t)pid);
        return r;
}

static int each_below(int directory, int depth, int (*look)(void *user, int64_t pid), void *user) {
        enum { DEPTH_MAX = 32 };
        dn_autodir DIR *dir = NULL;
        struct dirent *entry;
        int r = each_in(directory, look, user), fd;

        if (r < 0 || depth == DEPTH_MAX || has_none_below(directory))
                return r;
        fd = dn_file_directory(directory, ".");
        dir = dn_entries_of(fd);
        while (r >= 0 && dir && (entry = readdir(dir))) {
                dn_autoclose int below = entry->d_type != DT_DIR || entry->d_name[0] == '.'
                                                 ? -1
                                                 : dn_file_directory(directory, entry->d_name);

                if (below >= 0)
                        r = each_below(below, depth + 1, look, user);
        }
        return r;
}

int dn_cgroup_each(const struct dn_cgroup *c, int (*look)(void *user, int64_t pid), void *user) {
        int h = DN_UNIFIED;

        while (h < DN_HIERARCHIES && c->at[h] < 0)
                h++;
        return h < DN_HIERARCHIES ? each_below(c->at[h], 0, look, user) : 0;
}
