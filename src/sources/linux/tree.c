/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who is in the tree. A process is a member when its parent was one at the moment when it was first seen, or when it is
 * an orphan that came to us as their subreaper, or is in the job's own cgroup. It stays one until it ends, whoever
 * adopts it.
 *
 * New processes are looked for when the newest pid of the machine has moved (/proc/loadavg), among the pids since; a
 * pid may show there up to a millisecond before the process does, so who was missing is asked for once more in the next
 * pass. Now and then, and when the numbers wrap, all of /proc is looked at; where the job has its own cgroup, all that
 * is in there, and /proc seldom, for those that were moved out of it.
 *
 * A sampler tells of all that by itself, unless it has missed some. */
#include "base/file.h"
#include "base/guard.h"
#include "host/cgroup.h"
#include "host/clock.h"
#include "sources/linux/loader.h"
#include "sources/linux/parse_stat.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sampler.h"
#include "sources/linux/sources.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { MISSING_MAX = 1024 };
static const int64_t full_look_ns = 5000000000, seldom_ns = 60000000000;
enum { FULL_LOOK_SHARE = 5000 }; /* of the time, for looks at all of /proc */

/* A process that is not a member yet. */
struct candidate {
        int64_t pid, ppid;
        uint64_t start_ticks;
        char comm[DN_COMM_MAX];
        uint8_t comm_size;
        bool belongs; /* whosever child it is: in the job's own cgroup, or known to the sampler */
};

struct tree {
        struct dn_target *target;
        int loadavg;
        int64_t self;
        int64_t newest;        /* the newest pid, as far as it was looked at; 0: not known */
        int64_t counted_to;    /* … and as far as numbers_given is counted; 0: not known */
        int64_t full_after_ns; /* then all is to be looked at again … */
        int64_t proc_after_ns; /* … in /proc, even with a cgroup of the job's own */
        int64_t missing[MISSING_MAX];
        uint32_t n_missing;
        struct candidate *found;
        uint32_t n_found, room;
        bool sampled; /* the last pass was */
};

static void tree_close(void *state) {
        struct tree *tree = state;

        if (tree->loadavg >= 0)
                close(tree->loadavg);
        free(tree->found);
        free(tree);
}

static int tree_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct tree *tree = calloc(1, sizeof(*tree));

        (void)why;
        if (!tree)
                return -ENOMEM;
        tree->target = t;
        tree->self = t->procfs->self;
        tree->loadavg = openat(t->procfs->root, "loadavg", O_RDONLY | O_CLOEXEC);
        *ret_state = tree;
        return 0;
}

/* The last number of /proc/loadavg: the pid given out last in our own namespace, a process's or a thread's. */
static int64_t newest_pid(const struct tree *tree) {
        char line[128];
        int n = tree->loadavg < 0 ? -1 : dn_file_reread(tree->loadavg, line, sizeof(line));
        struct dn_str rest = {line, n > 0 ? (size_t)n : 0}, word, last = {0};
        uint64_t pid;

        while (dn_str_word(&rest, &word))
                last = word;
        return dn_str_u64(last, &pid) && pid <= INT32_MAX ? (int64_t)pid : 0;
}

static int note(struct tree *tree, const struct candidate *c) {
        const struct dn_loader *loader = tree->target->loader;

        if (loader && c->pid == loader->pid)
                return 0;
        if (tree->n_found == tree->room) {
                uint32_t room = tree->room ? tree->room * 2 : 64;
                struct candidate *found = realloc(tree->found, room * sizeof(*found));

                if (!found)
                        return -ENOMEM;
                tree->found = found;
                tree->room = room;
        }
        tree->found[tree->n_found++] = *c;
        return 0;
}

/* A look at all of /proc finds as many as the machine has, the next one hardly any. */
static void forget_found(struct tree *tree) {
        enum { MOST_KEPT = 64 };

        tree->n_found = 0;
        if (tree->room <= MOST_KEPT)
                return;
        free(tree->found);
        tree->found = NULL;
        tree->room = 0;
}

/* 0; -ENOENT, -ESRCH: there is no such process; others: it could not be read. */
static int read_candidate(const struct tree *tree, int64_t pid, struct candidate *ret_c) {
        char line[1024];
        struct dn_stat st;
        int n = dn_procfs_read_stat(tree->target->procfs, pid, line, sizeof(line));

        if (n < 0)
                return n;
        if (dn_stat_parse((struct dn_str){line, (size_t)n}, &st) < 0)
                return -EBADMSG;
        if (st.num_threads == 0)
                return -ESRCH; /* just being reaped, and no longer anybody's child */
        *ret_c = (struct candidate){
                .pid = pid, .ppid = st.ppid, .start_ticks = st.start_ticks, .comm_size = st.comm_size};
        memcpy(ret_c->comm, st.comm, st.comm_size);
        return 0;
}

/* To be asked for once more in the next pass. */
static void note_missing(struct tree *tree, int64_t pid) {
        if (tree->n_missing < MISSING_MAX)
                tree->missing[tree->n_missing++] = pid;
}

/* It may have been found in two ways. */
static bool is_member(const struct tree *tree, const struct candidate *c) {
        const struct dn_member *member = dn_members_find(tree->target->members, c->pid);

        return member && member->key.start == c->start_ticks;
}

/* A thread's number is not a process's; its stat does not say so, its CPU clock does. */
static int look_at(struct tree *tree, int64_t pid, bool again) {
        const struct dn_member *member = dn_members_find(tree->target->members, pid);
        const struct dn_procfs *procfs = tree->target->procfs;
        struct candidate c;
        int64_t clock;
        int r;

        if (pid == tree->self)
                return 0;
        if (procfs->real && !procfs->cpu_clock(procfs, pid, &clock)) {
                if (!again)
                        note_missing(tree, pid);
                return 0;
        }
        r = read_candidate(tree, pid, &c);
        if (r == -ESRCH) /* for a moment too where a thread of it executes a program, and takes over its number */
                r = read_candidate(tree, pid, &c);
        /* No descriptor or no memory for it now: it is there all the same. */
        if (r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -EINTR || ((r == -EIO || r == -ESRCH) && !again))
                note_missing(tree, pid);
        return r < 0 || (member && member->key.start == c.start_ticks) ? 0 : note(tree, &c);
}

static bool has_own_cgroup(const struct tree *tree) {
        return tree->target->cgroup && tree->target->cgroup->own;
}

static int look_at_inmate(void *user, int64_t pid) {
        struct tree *tree = user;
        struct candidate c;

        if (pid == tree->self || dn_members_find(tree->target->members, pid) || read_candidate(tree, pid, &c) < 0)
                return 0;
        c.belongs = true;
        return note(tree, &c);
}

static int look_at_cgroup(struct tree *tree) {
        return dn_cgroup_each(tree->target->cgroup, look_at_inmate, tree);
}

/* Members are left out but for those whose numbers are above this one: they may have been given out again since. */
static int look_at_proc(struct tree *tree, int64_t above) {
        int fd = openat(tree->target->procfs->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dn_autodir DIR *dir = dn_entries_of(fd);
        struct dirent *entry;
        uint64_t pid;

        tree->n_missing = 0;
        errno = 0;
        while (dir && (entry = readdir(dir)))
                if (dn_str_u64(dn_str_of(entry->d_name), &pid) && pid <= INT32_MAX &&
                    ((int64_t)pid > above || !dn_members_find(tree->target->members, (int64_t)pid)) &&
                    look_at(tree, (int64_t)pid, true) < 0)
                        return -ENOMEM;
                else
                        errno = 0;
        if (!dir || errno)
                tree->newest = 0; /* not all was seen: the next pass looks at all once more */
        return 0;
}

static int look_at_all(struct tree *tree, int64_t now_ns, int64_t above) {
        int64_t pace_ns = full_look_ns, took_ns;
        int r = 0;

        if (!has_own_cgroup(tree) || now_ns >= tree->proc_after_ns) {
                tree->proc_after_ns = now_ns + seldom_ns;
                took_ns = dn_clock_mono_ns();
                r = look_at_proc(tree, above);
                took_ns = dn_clock_mono_ns() - took_ns;
                if (took_ns * FULL_LOOK_SHARE > pace_ns)
                        pace_ns = took_ns * FULL_LOOK_SHARE < seldom_ns ? took_ns * FULL_LOOK_SHARE : seldom_ns;
        }
        tree->full_after_ns = now_ns + pace_ns;
        return r == 0 && has_own_cgroup(tree) ? look_at_cgroup(tree) : r;
}

static int look_at_new(struct tree *tree, int64_t from, int64_t to) {
        uint32_t n = tree->n_missing;
        int64_t again[MISSING_MAX];

        memcpy(again, tree->missing, n * sizeof(*again));
        tree->n_missing = 0;
        for (uint32_t i = 0; i < n; i++)
                if (look_at(tree, again[i], true) < 0)
                        return -ENOMEM;
        for (int64_t pid = from + 1; pid <= to; pid++)
                if (look_at(tree, pid, false) < 0)
                        return -ENOMEM;
        return 0;
}

static int admit(struct tree *tree, struct dn_pass *pass, const struct candidate *c, struct dn_key parent) {
        struct dn_key key = {c->pid, c->start_ticks};
        struct dn_member *member;
        struct dn_row *row;
        int r = dn_members_add(tree->target->members, key, &member);

        if (r < 0)
                return r;
        dn_member_rename(member, (struct dn_str){c->comm, c->comm_size});
        r = dn_snapshot_admit(pass->now, member, parent, &row);
        if (r < 0)
                return r;
        row->read_ns = pass->mono_ns;
        r = dn_procfs_hold(tree->target->procfs, member->slot, c->pid);
        if (r == -ENOMEM)
                return r;
        row->gone = r < 0;
        return 0;
}

/* Not one that was here before the command: of two that started in the same tick the pid tells. */
static bool is_younger(const struct candidate *c, struct dn_key main) {
        return c->start_ticks > main.start || (c->start_ticks == main.start && c->pid > main.pid);
}

/* Whose child it is: a member's; or an orphan of theirs, which then is ours. */
static bool belongs(const struct tree *tree, const struct candidate *c, struct dn_key *ret_parent) {
        const struct dn_member *parent = dn_members_find(tree->target->members, c->ppid);

        if (parent && parent->key.start <= c->start_ticks) {
                *ret_parent = parent->key;
                return true;
        }
        if (tree->target->subreaper && c->ppid == tree->self && is_younger(c, tree->target->main)) {
                *ret_parent = tree->target->main;
                return true;
        }
        return false;
}

/* A parent before its child: those who belong now may be the parents of those who do not yet. */
static int admit_children(struct tree *tree, struct dn_pass *pass) {
        bool more = true;

        while (more) {
                uint32_t kept = 0;

                more = false;
                for (uint32_t i = 0; i < tree->n_found; i++) {
                        struct candidate *c = &tree->found[i];
                        struct dn_key parent;

                        if (is_member(tree, c))
                                continue;
                        if (!belongs(tree, c, &parent)) {
                                tree->found[kept++] = *c;
                                continue;
                        }
                        if (admit(tree, pass, c, parent) < 0)
                                return -ENOMEM;
                        more = true;
                }
                tree->n_found = kept;
        }
        return 0;
}

/* Of those that belong one whose parent is not among them; NULL: there is none. */
static const struct candidate *find_stray(const struct tree *tree) {
        for (uint32_t i = 0; i < tree->n_found; i++) {
                const struct candidate *c = &tree->found[i];
                uint32_t j = 0;

                while (c->belongs && j < tree->n_found && (tree->found[j].pid != c->ppid || !tree->found[j].belongs))
                        j++;
                if (c->belongs && j == tree->n_found)
                        return c;
        }
        return NULL;
}

/* Who stays in `found` does not belong. */
static int admit_found(struct tree *tree, struct dn_pass *pass) {
        const struct candidate *stray;
        int r = admit_children(tree, pass);

        while (r == 0 && (stray = find_stray(tree))) {
                r = admit(tree, pass, stray, tree->target->main);
                if (r == 0)
                        r = admit_children(tree, pass);
        }
        return r;
}

static int admit_main(struct tree *tree, struct dn_pass *pass) {
        struct candidate c;

        if (read_candidate(tree, tree->target->main.pid, &c) < 0 || c.start_ticks != tree->target->main.start)
                return 0;
        return admit(tree, pass, &c, (struct dn_key){.pid = c.ppid});
}

/* A range that is longer than this costs more than a look at all of /proc. */
static int64_t longest_range(const struct dn_pass *pass) {
        return 2000 + 4 * (int64_t)pass->now->part[DN_PROCESS].n;
}

/* Somebody is ours to wait for, a member or not. */
static bool has_children(const struct tree *tree) {
        siginfo_t info;

        return tree->target->subreaper && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Numbers are given out one after the other, and when there are no more from the lowest on. */
static void count_numbers(struct tree *tree, const struct dn_pass *pass, int64_t to) {
        int64_t from = tree->counted_to;
        struct dn_target *t = tree->target;
        uint64_t numbers = 0;

        tree->counted_to = to;
        if (pass->first)
                return;
        if (to < from && dn_file_u64(t->procfs->root, "sys/kernel/pid_max", &numbers) < 0)
                to = 0;
        t->numbers_given =
                from > 0 && to > 0 && t->numbers_given >= 0 ? t->numbers_given + to - from + (int64_t)numbers : -1;
}

/* By the numbers: who is new since the last pass. At the end nobody may be overlooked, who came by none of them either.
 */
static int look_for_new(struct tree *tree, const struct dn_pass *pass) {
        int64_t newest = newest_pid(tree), from = tree->newest;
        bool unknown;

        tree->newest = newest;
        count_numbers(tree, pass, newest);
        if (pass->first && tree->target->own_child) {
                tree->full_after_ns = pass->mono_ns + full_look_ns;
                tree->proc_after_ns = pass->mono_ns + seldom_ns;
                return 0; /* it is held, and has started nothing */
        }
        unknown = newest == 0 || from == 0 || newest < from || newest - from > longest_range(pass);
        if (pass->final && has_children(tree))
                tree->full_after_ns = tree->proc_after_ns = 0;
        if (unknown || pass->mono_ns >= tree->full_after_ns)
                return look_at_all(tree, pass->mono_ns, unknown ? 0 : from);
        return newest == from && tree->n_missing == 0 ? 0 : look_at_new(tree, from, newest);
}

/* Before all else of the pass: what it sees of the others holds for their readings too. */
static void let_sampler_look(struct tree *tree, const struct dn_pass *pass) {
        struct dn_sampler *sampler = tree->target->sampler;
        bool all = pass->first || pass->final || !tree->sampled;

        tree->sampled = sampler && tree->target->by_sampler;
        if (tree->sampled) {
                sampler->looked_ns = dn_clock_mono_ns();
                tree->sampled = sampler->look(sampler, all) == 0;
        }
        if (sampler)
                sampler->looked = tree->sampled;
}

/* Those that it tells of for the first time, whoever their parents are. */
static int take_fresh(struct tree *tree) {
        const struct dn_sampler *sampler = tree->target->sampler;
        struct dn_process_seen seen;
        struct candidate c;
        int r = 0;

        for (uint32_t i = 0; i < sampler->n && sampler->fresh && r == 0; i++) {
                sampler->get(sampler, i, &seen);
                c = (struct candidate){.pid = seen.pid,
                                       .ppid = seen.stat.ppid,
                                       .start_ticks = seen.stat.start_ticks,
                                       .comm_size = seen.stat.comm_size,
                                       .belongs = true};
                memcpy(c.comm, seen.stat.comm, c.comm_size);
                if (!is_member(tree, &c))
                        r = note(tree, &c);
        }
        return r;
}

/* A member that the sampler does not know has children that it does not know either. */
static int look_by_sampler(struct tree *tree, const struct dn_pass *pass) {
        const struct dn_sampler *sampler = tree->target->sampler;
        int r = take_fresh(tree);

        if (r < 0 || sampler->strangers > 0 || sampler->misses(sampler))
                return r < 0 ? r : look_for_new(tree, pass);
        count_numbers(tree, pass, newest_pid(tree));
        tree->newest = 0;
        if (!has_own_cgroup(tree) || pass->mono_ns < tree->full_after_ns)
                return 0;
        tree->full_after_ns = pass->mono_ns + full_look_ns;
        return look_at_cgroup(tree);
}

static int tree_read(void *state, struct dn_pass *pass) {
        struct tree *tree = state;
        int r;

        let_sampler_look(tree, pass);
        if (pass->first && (r = admit_main(tree, pass)) < 0)
                return r;
        if (!tree->target->children)
                return 0;
        r = tree->sampled ? look_by_sampler(tree, pass) : look_for_new(tree, pass);
        if (r == 0)
                r = admit_found(tree, pass);
        /* Whose parent is none of ours may still be an orphan of ours that went elsewhere. */
        if (r == 0 && tree->n_found > 0 && has_own_cgroup(tree) && (r = look_at_cgroup(tree)) == 0)
                r = admit_found(tree, pass);
        forget_found(tree);
        return r;
}

static void tree_forget(void *state, uint32_t slot) {
        struct tree *tree = state;

        dn_procfs_release(tree->target->procfs, slot);
}

const struct dn_source dn_source_tree = {
        .open = tree_open,
        .read = tree_read,
        .forget = tree_forget,
        .close = tree_close,
};
