/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/process.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/slots.h"
#include "host/clock.h"
#include "sources/linux/parse_io.h"
#include "sources/linux/parse_stat.h"
#include "sources/linux/parse_statm.h"
#include "sources/linux/sources.h"

#include <stdio.h>

static int64_t larger(int64_t a, int64_t b) {
        return a > b ? a : b;
}

/* total x part / whole, rounded down; all at least 0, part at most whole. */
static int64_t share(int64_t total, int64_t part, int64_t whole) {
        const int64_t fits = INT64_C(1) << 31;

        if (whole <= 0)
                return total;
        if (total < fits && part < fits)
                return total * part / whole;
        return (int64_t)((__int128)total * part / whole);
}

/* The clock has the sum, exactly; stat has its two parts, in ticks. What the ticks leave over is shared out as they
 * stand, within what keeps both parts from falling. */
static void set_cpu(struct dn_row *row, const struct dn_stat *st, int64_t clock_ns, int64_t tick_us, uint32_t number) {
        int64_t utime = (int64_t)st->utime_ticks, stime = (int64_t)st->stime_ticks;
        int64_t user_then = dn_row_or_zero(row, DN_cpu_user_secs),
                system_then = dn_row_or_zero(row, DN_cpu_system_secs);
        int64_t total, user;

        total = clock_ns >= 0 ? clock_ns / 1000 : (utime + stime) * tick_us;
        total = larger(total, user_then + system_then);
        user = larger(share(total, utime, utime + stime), user_then);
        if (user > total - system_then)
                user = total - system_then;
        if (clock_ns >= 0)
                dn_row_set(row, DN_cpu_clock_ns, clock_ns, number);
        dn_row_set(row, DN_cpu_user_secs, user, number);
        dn_row_set(row, DN_cpu_system_secs, total - user, number);
        dn_row_set(row, DN_reaped_cpu_user_secs, (int64_t)st->cutime_ticks * tick_us, number);
        dn_row_set(row, DN_reaped_cpu_system_secs, (int64_t)st->cstime_ticks * tick_us, number);
}

static void set_rest(struct dn_row *row, const struct dn_stat *st, int64_t tick_us, uint32_t number) {
        dn_row_set(row, DN_page_faults_cached, (int64_t)st->minflt, number);
        dn_row_set(row, DN_page_faults_disk, (int64_t)st->majflt, number);
        dn_row_set(row, DN_reaped_page_faults_cached, (int64_t)st->cminflt, number);
        dn_row_set(row, DN_reaped_page_faults_disk, (int64_t)st->cmajflt, number);
        dn_row_set(row, DN_thread_count, (int64_t)st->num_threads, number);
        dn_row_set(row, DN_started_at_ms, (int64_t)st->start_ticks * (tick_us / 1000), number);
        dn_row_set(row, DN_state, st->state, number);
        dn_row_set(row, DN_parent_pid, st->ppid, number);
        /* Of the address what differs between two programs, small enough to be added up with all else. */
        dn_row_set(row, DN_exec_mark, (int64_t)(st->startstack >> 4 & UINT32_MAX), number);
        if (st->processor >= 0)
                dn_row_set(row, DN_cpu_core, st->processor, number);
}

/* stat into the row. `clock_ns` is what the CPU clock says, -1: nothing; `clocks` may be NULL. */
static int read_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, int64_t clock_ns,
                     struct dn_task_clocks *clocks, uint32_t number, struct dn_stat *ret_stat) {
        char line[1024];
        struct dn_stat st;
        int n = dn_procfs_read(p, row->slot, DN_HELD_STAT, line, sizeof(line));

        if (n == -ENOENT || n == -ESRCH)
                return -ESRCH;
        if (n < 0)
                return n;
        if (dn_stat_parse((struct dn_str){line, (size_t)n}, &st) < 0)
                return -EBADMSG;
        /* The pid is somebody else's now; or it is just being reaped (a zombie still has its one thread), its numbers
         * are gone already, and its parent may have them. */
        if (st.start_ticks != row->key.start || st.state == 'X' || st.num_threads == 0)
                return -ESRCH;
        /* A leader that ended before its threads looks like a zombie, and lives. perf no longer counts for it. */
        if (st.state == 'Z' && st.num_threads > 1) {
                st.state = 'R';
                clocks = NULL;
        }
        if (clocks && clock_ns >= 0 && (st.state == 'R' || st.num_threads > 1))
                clock_ns = dn_task_clock_read(clocks, p, row, clock_ns);
        set_cpu(row, &st, clock_ns, p->tick_us, number);
        set_rest(row, &st, p->tick_us, number);
        if (!dn_member_is_named(member, (struct dn_str){st.comm, st.comm_size})) {
                row->name = dn_member_rename(member, (struct dn_str){st.comm, st.comm_size});
                row->changed = number;
        }
        *ret_stat = st;
        return 0;
}

static int64_t read_clock(const struct dn_procfs *p, int64_t pid) {
        int64_t clock_ns;

        return p->cpu_clock && p->cpu_clock(p, pid, &clock_ns) ? clock_ns : -1;
}

int dn_process_read_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, uint32_t number) {
        struct dn_stat st;

        row->read_ns = dn_clock_mono_ns();
        return read_stat(p, member, row, read_clock(p, row->key.pid), NULL, number, &st);
}

void dn_process_read_io(struct dn_procfs *p, struct dn_row *row, uint32_t number) {
        char file[512];
        struct dn_io io;
        int n = dn_procfs_read(p, row->slot, DN_HELD_IO, file, sizeof(file));

        if (n < 0 || dn_io_parse((struct dn_str){file, (size_t)n}, &io) < 0)
                return;
        dn_row_set(row, DN_disk_read_bytes, (int64_t)io.read_bytes, number);
        dn_row_set(row, DN_disk_write_bytes, (int64_t)io.write_bytes, number);
        dn_row_set(row, DN_syscall_read_bytes, (int64_t)io.rchar, number);
        dn_row_set(row, DN_syscall_write_bytes, (int64_t)io.wchar, number);
        dn_row_set(row, DN_io_read_ops, (int64_t)io.syscr, number);
        dn_row_set(row, DN_io_write_ops, (int64_t)io.syscw, number);
        dn_row_set(row, DN_disk_cancelled_write_bytes, (int64_t)io.cancelled_write_bytes, number);
}

/* The memory of a process whose leader has ended is seen through a thread that lives. */
static int read_statm_of_thread(struct dn_procfs *p, const struct dn_row *row, char *line, size_t room) {
        int fd = dn_procfs_open_at(p, row->slot, "task");
        dn_autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;
        char path[64];

        if (!dir && fd >= 0)
                close(fd);
        while (dir && (entry = readdir(dir))) {
                struct dn_statm m;
                int n;

                if (entry->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof(path), "task/%.20s/statm", entry->d_name);
                n = dn_procfs_read_at(p, row->slot, path, line, room);
                if (n > 0 && dn_statm_parse((struct dn_str){line, (size_t)n}, &m) == 0 && m.size_pages > 0)
                        return n;
        }
        return -ESRCH;
}

bool dn_process_read_memory(struct dn_procfs *p, struct dn_row *row, uint32_t number) {
        char line[256];
        struct dn_statm m;
        int64_t rss_kb;
        int n = dn_procfs_read(p, row->slot, DN_HELD_STATM, line, sizeof(line));
        bool stands = true;

        if (n < 0 || dn_statm_parse((struct dn_str){line, (size_t)n}, &m) < 0)
                return false;
        if (m.size_pages == 0 && !dn_row_ended(row) && dn_row_or_zero(row, DN_thread_count) > 1 &&
            (n = read_statm_of_thread(p, row, line, sizeof(line))) > 0) {
                dn_statm_parse((struct dn_str){line, (size_t)n}, &m);
                stands = false;
        }
        rss_kb = (int64_t)m.resident_pages * p->page_kb;
        dn_row_set(row, DN_mem_rss_kb, rss_kb, number);
        /* status is read less often, and its VmHWM may lag behind by what each CPU has not yet handed in. */
        if (rss_kb > dn_row_or_zero(row, DN_mem_rss_peak_kb))
                dn_row_set(row, DN_mem_rss_peak_kb, rss_kb, number);
        dn_row_set(row, DN_mem_vms_kb, (int64_t)m.size_pages * p->page_kb, number);
        return stands;
}

/* What the last reading of a process saw, by its slot: what tells whether there is anything new to read. */
struct seen {
        struct dn_key key;
        int64_t clock_ns; /* its CPU clock; -1: not known */
        uint64_t vsize_bytes, rss_pages;
        struct dn_key parent;
        uint32_t parent_slot; /* NO_SLOT: the parent is no member */
        bool memory;          /* statm was read when stat said this of its memory */
        bool ended;           /* a zombie, or gone */
};

enum { NO_SLOT = UINT32_MAX };

struct process {
        struct dn_target *target;
        struct dn_task_clocks clocks;
        struct seen *by_slot;
        uint32_t room;
        int64_t last_ns; /* the pass before; 0: there was none */
};

/* Where samples are closer than this, a tick is too much of an interval. */
static const int64_t close_ns = 25000000;

static int process_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct process *process = calloc(1, sizeof(*process));

        (void)why;
        if (!process)
                return -ENOMEM;
        process->target = t;
        *ret_state = process;
        return 0;
}

static void process_close(void *state) {
        struct process *process = state;

        dn_task_clock_close(&process->clocks);
        free(process->by_slot);
        free(process);
}

static void process_forget(void *state, uint32_t slot) {
        struct process *process = state;

        dn_task_clock_forget(&process->clocks, slot);
}

static struct seen *seen_of(struct process *process, const struct dn_row *row) {
        struct seen *by_slot = dn_slots_reserve(process->by_slot, &process->room, row->slot, sizeof(*by_slot)), *seen;

        if (!by_slot)
                return NULL;
        process->by_slot = by_slot;
        seen = &by_slot[row->slot];
        if (!dn_key_equal(seen->key, row->key))
                *seen = (struct seen){.key = row->key, .clock_ns = -1, .parent_slot = NO_SLOT};
        return seen;
}

/* The main process alone is wanted: not what it has reaped. */
static void forget_reaped(struct dn_row *row, uint32_t number) {
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].of != DN_NOTHING)
                        dn_row_unset(row, id, number);
}

/* Who its parent is, it learns without running. */
static bool parent_lives(const struct process *process, const struct seen *seen) {
        const struct dn_members *members = process->target->members;
        const struct dn_member *parent;

        if (seen->parent_slot == NO_SLOT)
                return true;
        parent = members->by_slot[seen->parent_slot];
        return parent->used && dn_key_equal(parent->key, seen->parent) && !process->by_slot[seen->parent_slot].ended;
}

/* It has not run since its last reading, so nothing that it does has changed: CPU time, I/O, faults, threads, name. Not
 * to be told of one that was running then, whose clock lags by up to a tick, nor of a zombie; nor within a tick of one
 * with several threads, since the state is the first one's alone. */
static bool has_slept(const struct process *process, const struct dn_row *row, const struct seen *seen,
                      int64_t clock_ns, bool are_close) {
        char state = (char)dn_row_or_zero(row, DN_state);

        return clock_ns >= 0 && clock_ns == seen->clock_ns && state != 'R' && state != 'Z' &&
               !(are_close && dn_row_or_zero(row, DN_thread_count) > 1) && parent_lives(process, seen);
}

static void note_seen(struct process *process, struct seen *seen, const struct dn_stat *st, int64_t clock_ns) {
        const struct dn_member *parent;

        seen->clock_ns = clock_ns;
        seen->ended = st->state == 'Z' && st->num_threads <= 1;
        if (st->ppid == seen->parent.pid && seen->parent_slot != NO_SLOT && parent_lives(process, seen))
                return;
        parent = dn_members_find(process->target->members, st->ppid);
        seen->parent = parent ? parent->key : (struct dn_key){0};
        seen->parent_slot = parent ? parent->slot : NO_SLOT;
}

/* statm only where stat says that memory has moved. */
static void look_at_memory(struct process *process, struct dn_row *row, struct seen *seen, const struct dn_stat *st,
                           const struct dn_pass *pass) {
        if (seen->memory && !pass->final && st->vsize_bytes == seen->vsize_bytes && st->rss_pages == seen->rss_pages)
                return;
        seen->vsize_bytes = st->vsize_bytes;
        seen->rss_pages = st->rss_pages;
        seen->memory = dn_process_read_memory(process->target->procfs, row, pass->now->number);
}

static void read_row(struct process *process, struct dn_row *row, struct seen *seen, int64_t clock_ns, bool are_close,
                     const struct dn_pass *pass) {
        struct dn_target *t = process->target;
        struct dn_stat st;
        int r;

        row->read_ns = dn_clock_mono_ns();
        r = read_stat(t->procfs, t->members->by_slot[row->slot], row, clock_ns, are_close ? &process->clocks : NULL,
                      pass->now->number, &st);
        if (r == -ESRCH)
                row->gone = seen->ended = true;
        if (r == 0)
                note_seen(process, seen, &st, clock_ns);
        if (row->gone)
                return;
        if (!t->children)
                forget_reaped(row, pass->now->number);
        dn_process_read_io(t->procfs, row, pass->now->number);
        /* One that is held before its exec has this process's own memory. */
        if (r == 0 && !(pass->first && t->own_child))
                look_at_memory(process, row, seen, &st, pass);
}

static int process_read(void *state, struct dn_pass *pass) {
        enum { A_STAMP_FOR = 16 }; /* that slept: reading the time costs as much as looking at one */
        struct process *process = state;
        struct dn_procfs *p = process->target->procfs;
        const struct dn_table *rows = &pass->now->part[DN_PROCESS];
        bool all = pass->first || pass->final;
        bool are_close = process->last_ns && pass->mono_ns - process->last_ns < close_ns && !pass->final;
        int64_t stamp_ns = dn_clock_mono_ns(); /* the sources before this one have taken their time */
        uint32_t slept = 0;

        dn_procfs_begin(p);
        for (uint32_t i = 0; i < rows->n; i++) {
                struct dn_row *row = dn_table_row(rows, i);
                struct seen *seen = seen_of(process, row);
                int64_t clock_ns;

                if (!seen)
                        return -ENOMEM;
                if (row->gone) {
                        seen->ended = true;
                        continue;
                }
                clock_ns = read_clock(p, row->key.pid);
                if (!all && has_slept(process, row, seen, clock_ns, are_close)) {
                        if (++slept % A_STAMP_FOR == 0)
                                stamp_ns = dn_clock_mono_ns();
                        row->read_ns = stamp_ns;
                        continue;
                }
                read_row(process, row, seen, clock_ns, are_close, pass);
                stamp_ns = row->read_ns;
        }
        process->last_ns = pass->mono_ns;
        return 0;
}

const struct dn_source dn_source_process = {
        .open = process_open,
        .read = process_read,
        .forget = process_forget,
        .close = process_close,
};
