/* SPDX-License-Identifier: GPL-3.0-or-later
 * Those that are ours to wait for: the main process, and where this process is a subreaper, every orphan of the tree.
 * Each zombie is read before it is waited for; then its totals stand in the ledger.
 *
 * A subreaper that starts nothing else takes the sum from the kernel instead, which has it finer than a sum of single
 * ends, and of those too that were never seen: getrusage(RUSAGE_CHILDREN), and for I/O /proc/self/io, in which what was
 * waited for is folded, less what this thread did: a subreaper has no other that reads or writes. */
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/parse_io.h"
#include "sources/linux/parse_stat.h"
#include "sources/linux/process.h"
#include "sources/linux/sources.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct reap {
        struct dn_target *target;
        struct dn_row *row;      /* what one end adds */
        struct dn_row *baseline; /* what was waited for before: not of this tree */
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

static void subtract(struct dn_io *from, const struct dn_io *io) {
        from->rchar -= io->rchar;
        from->wchar -= io->wchar;
        from->syscr -= io->syscr;
        from->syscw -= io->syscw;
        from->read_bytes -= io->read_bytes;
        from->write_bytes -= io->write_bytes;
        from->cancelled_write_bytes -= io->cancelled_write_bytes;
}

/* What all that were ever waited for had read and written. The threads are read first and the process again until
 * nothing came between: the reading itself is I/O, of a size that does not repeat. */
static bool children_io(int root, struct dn_io *ret_io) {
        dn_autoclose int process = openat(root, "self/io", O_RDONLY | O_CLOEXEC);
        char path[64], all[512], own[512];
        dn_autoclose int thread = -1;
        struct dn_io io, mine;
        int n_all, n_own;

        snprintf(path, sizeof(path), "self/task/%d/io", (int)gettid());
        thread = openat(root, path, O_RDONLY | O_CLOEXEC);
        if (thread < 0 || process < 0)
                return false;
        /* Both are given out before the reading of either is counted, so between the two stands the first read alone.
         */
        n_own = dn_file_reread(thread, own, sizeof(own));
        n_all = dn_file_reread(process, all, sizeof(all));
        if (n_own < 0 || n_all < 0 || dn_io_parse((struct dn_str){all, (size_t)n_all}, &io) < 0 ||
            dn_io_parse((struct dn_str){own, (size_t)n_own}, &mine) < 0)
                return false;
        mine.rchar += (uint64_t)n_own;
        mine.syscr++;
        subtract(&io, &mine);
        *ret_io = io;
        return true;
}

/* All that this process has waited for so far. */
static void read_total(const struct reap *reap, struct dn_row *row) {
        struct rusage ru;
        struct dn_io io;

        int root = reap->target->procfs->root;

        row->has = 0;
        if (getrusage(RUSAGE_CHILDREN, &ru) == 0)
                set_usage(row, &ru);
        for (int tries = 0; tries < 2; tries++) /* there is no other account of it */
                if (children_io(root, &io)) {
                        set_io(row, &io);
                        break;
                }
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
        if (t->subreaper)
                read_total(reap, reap->baseline);
        *ret_state = reap;
        return 0;
}

/* A zombie's io, through the descriptor that was opened while it lived, or with the right to open it now. */
static void add_io(struct reap *reap, int64_t pid, const struct dn_member *member) {
        char path[32];
        struct dn_io io;

        if (member) {
                reap->row->slot = member->slot;
                dn_process_read_io(reap->target->procfs, reap->row, 0);
        }
        if (reap->row->has >> DN_syscall_read_bytes & 1)
                return;
        snprintf(path, sizeof(path), "%lld/io", (long long)pid);
        if (read_io(reap->target->procfs->root, path, &io))
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

/* A child that this process had before the command, and now waits for: it is none of the tree's, and what it used is
 * taken out again. */
static bool take_older(struct reap *reap, pid_t pid) {
        struct dn_key key;
        struct rusage ru;
        char path[32];
        struct dn_io io;
        bool has_io;

        if (dn_platform_identify(reap->target->procfs, pid, &key) < 0 || key.start >= reap->target->main.start)
                return false;
        snprintf(path, sizeof(path), "%lld/io", (long long)pid);
        has_io = read_io(reap->target->procfs->root, path, &io);
        if (wait4(pid, NULL, WNOHANG, &ru) != pid)
                return true;
        reap->row->has = 0;
        set_usage(reap->row, &ru);
        if (has_io)
                set_io(reap->row, &io);
        for (int id = 0; id < DN_FIELDS; id++)
                if (reap->row->has >> id & 1)
                        dn_row_set(reap->baseline, id, dn_row_or_zero(reap->baseline, id) + reap->row->v[id], 0);
        return true;
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
        if (pid == t->main.pid) {
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

        read_total(reap, reap->row);
        reap->row->has &= reap->baseline->has;
        l->reaped_why = needed & ~reap->row->has ? "the kernel's total of those that ended could not be read" : NULL;
        for (int id = 0; id < DN_FIELDS; id++)
                if (reap->row->has >> id & 1)
                        reap->row->v[id] -= dn_row_or_zero(reap->baseline, id);
        return dn_ledger_set_reaped(l, reap->row);
}

static int reap_drain(void *state, struct dn_ledger *l) {
        struct reap *reap = state;
        bool any = false;
        pid_t pid;

        if (!reap->target->own_child)
                return 0;
        while ((reap->target->subreaper || !reap->target->ended) && next_zombie(reap->target, &pid)) {
                int r = end(reap, l, pid);

                if (r < 0)
                        return r;
                any = true;
        }
        return any && reap->target->subreaper ? take_total(reap, l) : 0;
}

const struct dn_source dn_source_reap = {.open = reap_open, .drain = reap_drain, .close = reap_close};
