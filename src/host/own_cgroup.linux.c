/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/own_cgroup.h"
#include "base/file.h"
#include "base/guard.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

enum { DEPTH_MAX = 8, SAME_OWNER_MAX = 1000 };

static int64_t start_ticks(int proc, const char *pid) {
        enum { FIELDS_BEFORE = 19 }; /* of what follows the name */
        char path[32], line[1024];
        struct dn_str name, rest, word;
        uint64_t ticks;
        int n;

        snprintf(path, sizeof(path), "%s/stat", pid);
        n = dn_file_read(proc, path, line, sizeof(line));
        if (n < 0 || !dn_str_between_last((struct dn_str){line, (size_t)n}, '(', ')', &name, &rest))
                return -1;
        for (int i = 0; i < FIELDS_BEFORE; i++)
                if (!dn_str_word(&rest, &word))
                        return -1;
        return dn_str_take_u64(&rest, &ticks) && ticks <= INT64_MAX ? (int64_t)ticks : -1;
}

/* ---------------------------------------------------------------------------------------------- sweep, remove */

static bool take_part(struct dn_str *rest, uint64_t *ret_number) {
        struct dn_str piece;

        return dn_str_cut(rest, '-', &piece) && dn_str_u64(piece, ret_number);
}

/* denet-PID-TICKS, and of an owner's second one denet-PID-TICKS-2 and so on. */
static bool is_ours(const char *name, uint64_t *ret_pid, uint64_t *ret_ticks) {
        struct dn_str rest = dn_str_of(name), word;
        uint64_t nth;

        if (!dn_str_cut(&rest, '-', &word) || !dn_str_equal(word, DN_STR("denet")))
                return false;
        if (!take_part(&rest, ret_pid) || !take_part(&rest, ret_ticks) || *ret_pid == 0 || *ret_pid > INT32_MAX)
                return false;
        return rest.n == 0 || (take_part(&rest, &nth) && rest.n == 0);
}

static bool owner_lives(int proc, uint64_t pid, uint64_t ticks) {
        char name[24];

        snprintf(name, sizeof(name), "%" PRIu64, pid);
        return start_ticks(proc, name) == (int64_t)ticks;
}

static void sweep(int proc, int directory, int depth);

/* One that a dead owner left, or this process let go of while it was not empty, with what others left in it. Who uses
 * it has it locked. */
static void remove_left(int proc, int above, const char *name, int depth) {
        dn_autoclose int fd = dn_file_directory(above, name);

        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
                return;
        sweep(proc, fd, depth + 1);
        (void)unlinkat(above, name, AT_REMOVEDIR); /* not while a process is in it */
}

/* A cgroup without others below it has two links: itself and its name. */
static bool has_none_below(int directory) {
        struct stat st;

        return fstat(directory, &st) == 0 && st.st_nlink == 2;
}

static void sweep(int proc, int directory, int depth) {
        dn_autodir DIR *dir = NULL;
        struct dirent *entry;
        uint64_t pid, ticks;
        int fd;

        if (depth > DEPTH_MAX || has_none_below(directory))
                return;
        fd = dn_file_directory(directory, ".");
        dir = dn_entries_of(fd);
        while (dir && (entry = readdir(dir)))
                if (is_ours(entry->d_name, &pid, &ticks) &&
                    (pid == (uint64_t)getpid() || !owner_lives(proc, pid, ticks)))
                        remove_left(proc, directory, entry->d_name, depth);
}

void dn_own_cgroup_sweep(int proc, int directory) {
        sweep(proc, directory, 0);
}

void dn_own_cgroup_tidy(const struct dn_cgroup *c) {
        dn_autoclose int proc = c->own ? dn_file_directory(AT_FDCWD, "/proc") : -1;

        for (int h = 0; h < DN_HIERARCHIES && proc >= 0; h++)
                if (c->above[h] >= 0)
                        dn_own_cgroup_sweep(proc, c->above[h]);
}

static bool is_empty(int directory) {
        char byte;

        return dn_file_read(directory, "cgroup.procs", &byte, 1) == 0;
}

/* The kernel lets go of one that has ended a moment after its parent was told. */
static void remove_one(int proc, int above, const char *name, int directory) {
        static const struct timespec moment = {.tv_nsec = 500000};

        for (int tries = 0; tries < 40; tries++) {
                if (unlinkat(above, name, AT_REMOVEDIR) == 0 || errno == ENOENT || !is_empty(directory))
                        return;
                if (!has_none_below(directory))
                        sweep(proc, directory, 0);
                nanosleep(&moment, NULL);
        }
}

void dn_own_cgroup_remove(struct dn_cgroup *c) {
        dn_autoclose int proc = c->own ? dn_file_directory(AT_FDCWD, "/proc") : -1;

        for (int h = 0; h < DN_HIERARCHIES && c->own; h++)
                if (c->above[h] >= 0 && c->at[h] >= 0)
                        remove_one(proc, c->above[h], c->name, c->at[h]);
        dn_cgroup_close(c);
}

/* ------------------------------------------------------------------------------------------------------- make */

/* Words that a batch system or a container runtime puts into the path of what it made for a job. A container with a
 * namespace of its own does not see that path: if it may write there, what is below is its own. */
static bool is_somebody_elses(const char *path, const char **ret_whose) {
        static const struct {
                const char *word, *whose;
        } words[] = {
                {"slurm", "Slurm's"},
                {"pbs_jobs", "PBS's"},
                {"htcondor", "HTCondor's"},
                {"kubepods", "a Kubernetes pod's"},
                {"docker", "a container's"},
                {"libpod", "a container's"},
                {"containerd", "a container's"},
                {"crio", "a container's"},
                {"lxc", "a container's"},
        };

        *ret_whose = getenv("SLURM_JOB_ID") ? "Slurm's" : NULL;
        for (size_t i = 0; i < DN_COUNT(words) && !*ret_whose; i++)
                if (strstr(path, words[i].word))
                        *ret_whose = words[i].whose;
        return *ret_whose != NULL;
}

static bool is_still_there(int above, const char *name, int directory) {
        struct stat named, st;

        return fstat(directory, &st) == 0 && fstatat(above, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
               named.st_dev == st.st_dev && named.st_ino == st.st_ino;
}

/* The locks and the names of one owner's several. Returns a locked directory or -errno; -EEXIST: another name is to be
 * tried, also where a sweeper took it for a forgotten one before it was locked. */
static int make_one(int above, const char *name) {
        int fd, error;

        if (mkdirat(above, name, 0755) < 0)
                return -errno;
        fd = dn_file_directory(above, name);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still_there(above, name, fd))
                return fd;
        error = fd < 0 && fd != -ENOENT ? fd : -EEXIST;
        if (fd >= 0)
                close(fd);
        (void)unlinkat(above, name, AT_REMOVEDIR);
        return error;
}

/* Of the root alone: elsewhere a cgroup that has processes, as denet's has, gets domain controllers for those below it
 * not at all, and with the others alone they become threaded ones, where no process can be. */
static void enable_controllers(int above) {
        static const char *const wanted[] = {"+cpu", "+memory", "+io", "+pids"};
        dn_autoclose int fd = openat(above, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC);

        for (size_t i = 0; i < DN_COUNT(wanted) && fd >= 0; i++)
                if (write(fd, wanted[i], strlen(wanted[i])) < 0)
                        continue;
}

static void unmake(struct dn_cgroup *c) {
        for (int h = 0; h < DN_HIERARCHIES; h++) {
                if (c->at[h] >= 0)
                        (void)unlinkat(c->above[h], c->name, AT_REMOVEDIR);
                dn_guard_close(&c->at[h]);
                c->at[h] = -1;
        }
}

/* In all hierarchies that are asked for and there, by one name. */
static int make_all(struct dn_cgroup *c, bool require) {
        int error = -ENOENT;
        bool made = false;

        for (int h = 0; h < DN_HIERARCHIES; h++) {
                int fd;

                if (c->above[h] < 0 || (h != DN_UNIFIED && !require))
                        continue;
                if (h == DN_UNIFIED && require && dn_cgroup_is_root(DN_UNIFIED, c->above[h]))
                        enable_controllers(c->above[h]);
                fd = make_one(c->above[h], c->name);
                if (fd == -EEXIST)
                        return fd;
                c->at[h] = fd < 0 ? -1 : fd;
                made |= fd >= 0;
                error = fd < 0 ? fd : error;
        }
        return made ? 0 : error;
}

static int make_named(struct dn_cgroup *c, int proc, bool require) {
        int64_t ticks = start_ticks(proc, "self");
        int r = -EEXIST;

        if (ticks < 0)
                return -EBADMSG;
        for (int nth = 1; r == -EEXIST && nth <= SAME_OWNER_MAX; nth++) {
                if (nth == 1)
                        snprintf(c->name, sizeof(c->name), "denet-%d-%" PRId64, getpid(), ticks);
                else
                        snprintf(c->name, sizeof(c->name), "denet-%d-%" PRId64 "-%d", getpid(), ticks, nth);
                r = make_all(c, require);
                if (r < 0)
                        unmake(c);
        }
        return r;
}

static void say_why(struct dn_cgroup *c, int r, bool require) {
        const char *path = dn_text_cstr(&c->path);

        if (r == -ENOENT) {
                dn_text_put(&c->why, require ? DN_STR("no cgroup hierarchy is mounted")
                                             : DN_STR("no cgroup hierarchy of version 2 is mounted"));
                dn_text_put(&c->hint, require ? DN_STR("mount one at /sys/fs/cgroup")
                                              : DN_STR("as root, those of version 1 with: --cgroup require"));
                return;
        }
        dn_text_printf(&c->why, "no cgroup may be made below %s: %s", path ? path : "", strerror(-r));
        if (r == -EACCES || r == -EPERM)
                dn_text_put(&c->hint, DN_STR("run denet as root, or by: systemd-run --user --scope denet"));
        else if (r == -EROFS)
                dn_text_put(&c->hint, DN_STR("have the container's cgroups mounted to be written to"));
}

static int find_and_make(struct dn_cgroup *c, int proc, bool require) {
        const char *whose;
        int r = dn_cgroup_locate(proc, "self", true, c->above, &c->path);

        if (r < 0)
                return r;
        if (is_somebody_elses(dn_text_cstr(&c->path) ? c->path.p : "", &whose)) {
                dn_text_printf(&c->why, "the cgroup that denet is in is %s, and not denet's to change", whose);
                return -EBUSY;
        }
        return make_named(c, proc, require);
}

int dn_own_cgroup_make(struct dn_cgroup *c, const char *proc_path, bool require) {
        dn_autoclose int proc = dn_file_directory(AT_FDCWD, proc_path ? proc_path : "/proc");
        int r = proc < 0 ? proc : find_and_make(c, proc, require);

        if (r < 0) {
                struct dn_text why, hint;

                if (c->why.n == 0)
                        say_why(c, r, require);
                why = c->why;
                hint = c->hint;
                c->why = c->hint = (struct dn_text){0};
                dn_cgroup_close(c);
                c->why = why;
                c->hint = hint;
                return r;
        }
        c->own = true;
        if (c->path.n > 0 && c->path.p[c->path.n - 1] != '/')
                dn_text_put_char(&c->path, '/');
        dn_text_put(&c->path, dn_str_of(c->name));
        dn_cgroup_describe(c);
        return 0;
}

void dn_own_cgroup_kill(const struct dn_cgroup *c) {
        dn_autoclose int fd =
                c->own && c->at[DN_UNIFIED] >= 0 ? openat(c->at[DN_UNIFIED], "cgroup.kill", O_WRONLY | O_CLOEXEC) : -1;

        if (fd >= 0)
                (void)!write(fd, "1", 1); /* each is killed by itself too */
}

int dn_own_cgroup_join(struct dn_cgroup *c, pid_t pid, bool unified) {
        for (int h = unified ? DN_UNIFIED : DN_CPUACCT; h < DN_HIERARCHIES; h++) {
                dn_autoclose int fd = c->at[h] < 0 ? -1 : openat(c->at[h], "cgroup.procs", O_WRONLY | O_CLOEXEC);

                if (c->at[h] < 0 || (fd >= 0 && dprintf(fd, "%d", pid) > 0))
                        continue;
                dn_text_reset(&c->why);
                dn_text_printf(&c->why, "%s: the command cannot be moved there: %s", dn_text_cstr(&c->path),
                               strerror(errno));
                return -errno;
        }
        return 0;
}
