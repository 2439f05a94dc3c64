/* SPDX-License-Identifier: GPL-3.0-or-later
 * Those that are ours to wait for: the main process, and where this process is a subreaper, every orphan of the tree.
 * Each zombie is read before it is waited for; then its totals stand in the ledger.
 *
 * A subreaper that starts nothing else but a loader takes the sum from the kernel instead, which has it finer than a
 * sum of single ends, and of those too that were never seen: getrusage(RUSAGE_CHILDREN), and for I/O /proc/self/io, in
 * which what was waited for is folded, less what its own threads did. Those that work only while the sources are opened
 * have ended when it is read for the first time; of others what they were seen to have done stays theirs when they
 * end. */
#include "base/file.h"
#include "base/guard.h"
#include "host/apart.h"
#include "host/clock.h"
#include "sources/linux/loader.h"
#include "sources/linux/parse_io.h"
#include "sources/linux/parse_stat.h"
#include "sources/linux/process.h"
#include "sources/linux/sources.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct reap {
        struct dn_target *target;
        struct dn_row *row;      /* what one end adds */
        struct dn_row *baseline; /* what was waited for before: not of this tree */
        bool sharp;              /* it is known exactly */
        struct dn_io others;     /* what other threads of this process have done */
};

static int64_t us_of(struct timeval t) {
        return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void set_usage(struct dn_row *row, const struct rusage *ru) {
        dn_row_set(row, DN_cpu_user_secs, us_of(ru->ru_utime), 0);
        dn_row_set(row, DN_cpu_system_secs, us_of(ru->ru_stime), 0);
        dn_row_set(row, DN_page_faults_cached, ru->ru_minflt, 0);
        dn_row_set(row, DN_page_faults_disk, ru->ru_majflt, 0);
        dn_row_set(row, DN_ctx_switches_voluntary, ru->ru_nvcsw, 0);
        dn_row_set(row, DN_ctx_switches_involuntary, ru->ru_nivcsw, 0);
}

static void set_io(struct dn_row *row, const struct dn_io *io) {
        dn_row_set(row, DN_disk_read_bytes, (int64_t)io->read_bytes, 0);
        dn_row_set(row, DN_disk_write_bytes, (int64_t)io->write_bytes, 0);
        dn_row_set(row, DN_syscall_read_bytes, (int64_t)io->rchar, 0);
        dn_row_set(row, DN_syscall_write_bytes, (int64_t)io->wchar, 0);
        dn_row_set(row, DN_io_read_ops, (int64_t)io->syscr, 0);
        dn_row_set(row, DN_io_write_ops, (int64_t)io->syscw, 0);
        dn_row_set(row, DN_disk_cancelled_write_bytes, (int64_t)io->cancelled_write_bytes, 0);
}

static bool read_io(int directory, const char *path, struct dn_io *ret_io) {
        char file[512];
        int n = dn_file_read(directory, path, file, sizeof(file));

        return n >= 0 && dn_io_parse((struct dn_str){file, (size_t)n}, ret_io) == 0;
}

/* Each counter by itself. */
static void each(struct dn_io *to, const struct dn_io *from, uint64_t (*with)(uint64_t a, uint64_t b)) {
        to->rchar = with(to->rchar, from->rchar);
        to->wchar = with(to->wchar, from->wchar);
        to->syscr = with(to->syscr, from->syscr);
        to->syscw = with(to->syscw, from->syscw);
        to->read_bytes = with(to->read_bytes, from->read_bytes);
        to->write_bytes = with(to->write_bytes, from->write_bytes);
        to->cancelled_write_bytes = with(to->cancelled_write_bytes, from->cancelled_write_bytes);
}

static uint64_t sum(uint64_t a, uint64_t b) {
        return a + b;
}

static uint64_t difference(uint64_t a, uint64_t b) {
        return a - b;
}

static uint64_t greater(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

/* What the threads besides this one have done. */
static void look_at_others(struct reap *reap) {
        int root = reap->target->procfs->root;
        int tasks = dn_apart_is_alone(root) ? -1 : dn_file_directory(root, "self/task");
        dn_autodir DIR *dir = dn_entries_of(tasks);
        struct dn_io all = {0}, io;
        struct dirent *entry;
        char path[300];
        uint64_t tid;

        while (dir && (entry = readdir(dir))) {
                snprintf(path, sizeof(path), "%s/io", entry->d_name);
                if (dn_str_u64(dn_str_of(entry->d_name), &tid) && tid != (uint64_t)gettid() &&
                    read_io(tasks, path, &io))
                        each(&all, &io, sum);
        }
        each(&reap->others, &all, greater);
}

/* What this thread did, and what the process did: its threads, and all that it ever waited for. Both are given out
 * before the reading of either is counted, so between the two stands the first read alone, as long as no handler of a
 * signal writes or reads there. */
static bool read_both(int thread, int process, struct dn_io *ret_mine, struct dn_io *ret_all) {
        char own[512], all[512];
        sigset_t every, before;
        int n_own, n_all;

        sigfillset(&every);
        if (pthread_sigmask(SIG_SETMASK, &every, &before) != 0)
                return false;
        n_own = dn_file_reread(thread, own, sizeof(own));
        n_all = dn_file_reread(process, all, sizeof(all));
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (n_own < 0 || n_all < 0 || dn_io_parse((struct dn_str){own, (size_t)n_own}, ret_mine) < 0)
                return false;
        ret_mine->rchar += (uint64_t)n_own;
        ret_mine->syscr++;
        return dn_io_parse((struct dn_str){all, (size_t)n_all}, ret_all) == 0;
}

/* What all that were ever waited for had read and written: of what other threads did meanwhile, if `most`, all. Above
 * 0: they did nothing; below: it could not be read. */
static int children_io(struct reap *reap, bool most, struct dn_io *ret_io) {
        int root = reap->target->procfs->root;
        dn_autoclose int process = openat(root, "self/io", O_RDONLY | O_CLOEXEC);
        dn_autoclose int thread = -1;
        struct dn_io mine, before;
        char path[64];

        snprintf(path, sizeof(path), "self/task/%d/io", (int)gettid());
        thread = openat(root, path, O_RDONLY | O_CLOEXEC);
        look_at_others(reap);
        before = reap->others;
        if (thread < 0 || process < 0 || !read_both(thread, process, &mine, ret_io))
                return -1;
        look_at_others(reap);
        each(ret_io, &mine, difference);
        each(ret_io, most ? &before : &reap->others, difference);
        return memcmp(&before, &reap->others, sizeof(before)) == 0;
}

/* All that this process has waited for so far. False: it is not known exactly. */
static bool read_total(struct reap *reap, bool most, struct dn_row *row) {
        enum { TRIES = 8, TRIES_TO_READ = 2 };
        struct rusage ru;
        struct dn_io io;
        int r = 0;

        row->has = 0;
        if (getrusage(RUSAGE_CHILDREN, &ru) == 0)
                set_usage(row, &ru);
        /* There is no other account of it. */
        for (int tries = 0; tries < TRIES && r <= 0 && (r == 0 || tries < TRIES_TO_READ); tries++) {
                r = children_io(reap, most, &io);
                if (r >= 0)
                        set_io(row, &io);
        }
        return r > 0;
}

static void reap_close(void *state) {
        struct reap *reap = state;

        free(reap->row);
        free(reap->baseline);
        free(reap);
}

static int reap_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct reap *reap = calloc(1, sizeof(*reap));

        (void)why;
        if (!reap)
                return -ENOMEM;
        reap->target = t;
        reap->row = dn_row_new();
        reap->baseline = dn_row_new();
        if (!reap->row || !reap->baseline) {
                reap_close(reap);
                return -ENOMEM;
        }
        *ret_state = reap;
        return 0;
}

/* First while the command is held; at last there may be threads that end with this pass. */
static int reap_read(void *state, struct dn_pass *pass) {
        struct reap *reap = state;

        if (pass->first && reap->target->subreaper)
                reap->sharp = read_total(reap, true, reap->baseline);
        else if (pass->final && reap->target->subreaper)
                look_at_others(reap);
        return 0;
}

static bool read_io_of(const struct reap *reap, int64_t pid, struct dn_io *ret_io) {
        char path[32];

        snprintf(path, sizeof(path), "%lld/io", (long long)pid);
        return read_io(reap->target->procfs->root, path, ret_io);
}

/* A zombie's io, through the descriptor that was opened while it lived, or with the right to open it now. */
static void add_io(struct reap *reap, int64_t pid, const struct dn_member *member) {
        struct dn_io io;

        if (member) {
                reap->row->slot = member->slot;
                dn_process_read_io(reap->target->procfs, reap->row, 0);
        }
        if (reap->row->has >> DN_syscall_read_bytes & 1)
                return;
        if (read_io_of(reap, pid, &io))
                set_io(reap->row, &io);
}

/* Of a parent that ignored SIGCHLD its children's totals are nowhere. */
static void look_at_stat(const struct reap *reap, struct dn_ledger *l, int64_t pid) {
        char path[32], line[1024];
        struct dn_stat st;
        int n;

        snprintf(path, sizeof(path), "%lld/stat", (long long)pid);
        n = dn_file_read(reap->target->procfs->root, path, line, sizeof(line));
        if (n > 0 && dn_stat_parse((struct dn_str){line, (size_t)n}, &st) == 0 && st.ignores_sigchld)
                l->lower_bound = dn_ledger_ignored;
}

/* A child that began and ended between two passes has left its page faults with the main process. */
static void look_at_children(struct reap *reap) {
        struct dn_target *t = reap->target;
        char path[32], file[1024];
        struct dn_stat st;
        int n;

        snprintf(path, sizeof(path), "%lld/stat", (long long)t->main.pid);
        n = dn_file_read(t->procfs->root, path, file, sizeof(file));
        if (n > 0 && dn_stat_parse((struct dn_str){file, (size_t)n}, &st) == 0)
                t->has_waited = st.cminflt + st.cmajflt > 0;
}

/* Where the main process alone is wanted: what wait4 says has its children's in it, what the zombie says of itself has
 * not. */
static void add_own_cpu(struct reap *reap, int64_t pid) {
        struct dn_member *member = dn_members_find(reap->target->members, pid);

        if (!member)
                return;
        reap->row->key = member->key;
        reap->row->slot = member->slot;
        dn_process_read_stat(reap->target->procfs, member, reap->row, 0);
}

/* One that is none of the tree's: what it used is taken out again. `io`: what it has read and written; NULL: that is
 * not known, nor is then what the others have. */
static void wait_for_other(struct reap *reap, pid_t pid, int options, const struct dn_io *io) {
        struct rusage ru;

        if (wait4(pid, NULL, options | WNOHANG, &ru) != pid)
                return;
        reap->row->has = 0;
        set_usage(reap->row, &ru);
        if (io)
                set_io(reap->row, io);
        for (int id = 0; id < DN_FIELDS; id++)
                if (reap->row->has >> id & 1)
                        dn_row_set(reap->baseline, id, dn_row_or_zero(reap->baseline, id) + reap->row->v[id], 0);
        reap->baseline->has &= reap->row->has;
}

/* A child that this process had before the command, and now waits for. */
static bool take_older(struct reap *reap, pid_t pid) {
        struct dn_key key;
        struct dn_io io;

        if (dn_platform_identify(reap->target->procfs, pid, &key) < 0 || key.start >= reap->target->main.start)
                return false;
        wait_for_other(reap, pid, 0, read_io_of(reap, pid, &io) ? &io : NULL);
        return true;
}

/* Of one with capabilities that are not in force here the file may not be read, so it says by itself what it has done.
 */
static void take_loader(struct reap *reap) {
        struct dn_loader *loader = reap->target->loader;
        siginfo_t info = {0};
        struct dn_io io;

        if (!loader || loader->pid == 0)
                return;
        if (waitid(P_PID, (id_t)loader->pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid == 0)
                return;
        io = loader->io;
        wait_for_other(reap, loader->pid, __WALL, loader->has_io || read_io_of(reap, loader->pid, &io) ? &io : NULL);
        loader->pid = 0;
}

static int end(struct reap *reap, struct dn_ledger *l, pid_t pid) {
        struct dn_target *t = reap->target;
        const struct dn_member *member = dn_members_find(t->members, pid);
        struct dn_end e = {.how = DN_END_REAPED, .last = reap->row};
        struct rusage ru;
        int status;

        if (!member && take_older(reap, pid))
                return 0;
        reap->row->has = 0;
        look_at_stat(reap, l, pid);
        if (t->subreaper)
                e.last = NULL; /* the sum comes from the kernel: take_total */
        else
                add_io(reap, pid, member);
        if (!t->children)
                add_own_cpu(reap, pid);
        else if (pid == t->main.pid && !t->subreaper)
                look_at_children(reap);
        if (wait4(pid, &status, WNOHANG, &ru) != pid)
                return 0;
        if (t->children)
                set_usage(reap->row, &ru);
        e.key = member ? member->key : (struct dn_key){.pid = pid};
        t->never_seen += !member;
        if (t->children && ru.ru_maxrss > t->memory_floor_kb && ru.ru_maxrss > t->peak_kb) {
                t->usage_known = true;
                t->peak_kb = ru.ru_maxrss;
        }
        if (pid == t->main.pid && !t->ended) { /* later it may be somebody else's number */
                t->ended = true;
                t->wait_status = status;
        }
        return dn_ledger_end(l, &e);
}

static bool next_zombie(struct dn_target *t, pid_t *ret_pid) {
        siginfo_t info = {0};
        int r;

        do
                r = waitid(t->subreaper ? P_ALL : P_PID, (id_t)t->main.pid, &info, WEXITED | WNOHANG | WNOWAIT);
        while (r < 0 && errno == EINTR);
        t->taken |= r < 0 && errno == ECHILD && !t->ended;
        *ret_pid = info.si_pid;
        return r == 0 && info.si_pid != 0;
}

/* What was not known at the beginning has nothing that it could be counted from. */
static int take_total(struct reap *reap, struct dn_ledger *l) {
        const uint64_t needed = UINT64_C(1) << DN_cpu_user_secs | UINT64_C(1) << DN_syscall_write_bytes;
        bool sharp = read_total(reap, false, reap->row) && reap->sharp;

        reap->row->has &= reap->baseline->has;
        l->reaped_why = NULL;
        if (needed & ~reap->row->has)
                l->reaped_why = "the kernel's total of those that ended could not be read";
        else if (!sharp)
                l->reaped_why = "threads of denet were at work when the kernel's total of those that ended was read";
        for (int id = 0; id < DN_FIELDS; id++)
                if (reap->row->has >> id & 1)
                        reap->row->v[id] -= dn_row_or_zero(reap->baseline, id);
        return dn_ledger_set_reaped(l, reap->row);
}

/* With the main process it may be over: then only what is left of the others is taken yet. */
static int reap_drain(void *state, struct dn_ledger *l, int64_t until_ns) {
        const int64_t rest_ns = 50000000;
        struct reap *reap = state;
        bool any = false, late = false;
        int64_t now_ns;
        pid_t pid;
        int r;

        take_loader(reap);
        if (!reap->target->own_child)
                return 0;
        while (!late && (reap->target->subreaper || !reap->target->ended) && next_zombie(reap->target, &pid)) {
                bool lived = !reap->target->ended;

                r = end(reap, l, pid);
                if (r < 0)
                        return r;
                any = true;
                now_ns = dn_clock_mono_ns();
                if (lived && reap->target->ended && now_ns + rest_ns < until_ns)
                        until_ns = now_ns + rest_ns;
                late = now_ns >= until_ns;
        }
        r = any && reap->target->subreaper ? take_total(reap, l) : 0;
        return r == 0 ? late : r;
}

const struct dn_source dn_source_reap = {
        .open = reap_open, .drain = reap_drain, .read = reap_read, .close = reap_close};
