/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/process.h"
#include "base/file.h"
#include "base/guard.h"
#include "host/clock.h"
#include "sources/linux/parse_io.h"
#include "sources/linux/parse_stat.h"
#include "sources/linux/parse_statm.h"
#include "sources/linux/sources.h"

#include <stdio.h>

/* The kernel's units; both fixed for the life of a machine. */
static int64_t tick_us(void) {
        static const int64_t second_us = 1000000;
        long hz = sysconf(_SC_CLK_TCK);

        return second_us / (hz > 0 ? hz : 100);
}

static int64_t page_kb(void) {
        return sysconf(_SC_PAGESIZE) / 1024;
}

static int64_t larger(int64_t a, int64_t b) {
        return a > b ? a : b;
}

/* The clock has the sum, exactly; stat has its two parts, in ticks. What the ticks leave over is shared out as they
 * stand, within what keeps both parts from falling. */
static void set_cpu(struct dn_row *row, const struct dn_stat *st, int64_t clock_ns, uint32_t number) {
        int64_t utime = (int64_t)st->utime_ticks * tick_us(), stime = (int64_t)st->stime_ticks * tick_us();
        int64_t user_then = dn_row_or_zero(row, DN_cpu_user_secs),
                system_then = dn_row_or_zero(row, DN_cpu_system_secs);
        int64_t total, user;

        total = clock_ns >= 0 ? clock_ns / 1000 : utime + stime;
        total = larger(total, user_then + system_then);
        user = utime + stime > 0 ? (int64_t)((__int128)total * utime / (utime + stime)) : total;
        user = larger(user, user_then);
        if (user > total - system_then)
                user = total - system_then;
        if (clock_ns >= 0)
                dn_row_set(row, DN_cpu_clock_ns, clock_ns, number);
        dn_row_set(row, DN_cpu_user_secs, user, number);
        dn_row_set(row, DN_cpu_system_secs, total - user, number);
        dn_row_set(row, DN_reaped_cpu_user_secs, (int64_t)st->cutime_ticks * tick_us(), number);
        dn_row_set(row, DN_reaped_cpu_system_secs, (int64_t)st->cstime_ticks * tick_us(), number);
}

int dn_process_read_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, uint32_t number,
                         struct dn_task_clocks *clocks) {
        char line[1024];
        struct dn_stat st;
        int64_t clock_ns = -1;
        int n;

        row->read_ns = dn_clock_mono_ns();
        if (!dn_procfs_cpu_clock(p, row->key.pid, &clock_ns))
                clock_ns = -1;
        n = dn_procfs_read(p, row->slot, DN_HELD_STAT, line, sizeof(line));
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
        set_cpu(row, &st, clock_ns, number);
        dn_row_set(row, DN_page_faults_cached, (int64_t)st.minflt, number);
        dn_row_set(row, DN_page_faults_disk, (int64_t)st.majflt, number);
        dn_row_set(row, DN_reaped_page_faults_cached, (int64_t)st.cminflt, number);
        dn_row_set(row, DN_reaped_page_faults_disk, (int64_t)st.cmajflt, number);
        dn_row_set(row, DN_thread_count, (int64_t)st.num_threads, number);
        dn_row_set(row, DN_started_at_ms, (int64_t)st.start_ticks * (tick_us() / 1000), number);
        dn_row_set(row, DN_state, st.state, number);
        dn_row_set(row, DN_parent_pid, st.ppid, number);
        dn_row_set(row, DN_exec_mark, (int64_t)st.startstack, number);
        if (st.processor >= 0)
                dn_row_set(row, DN_cpu_core, st.processor, number);
        if (!dn_member_is_named(member, (struct dn_str){st.comm, st.comm_size})) {
                row->name = dn_member_rename(member, (struct dn_str){st.comm, st.comm_size});
                row->changed = number;
        }
        return 0;
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

static void read_memory(struct dn_procfs *p, struct dn_row *row, uint32_t number) {
        char line[256];
        struct dn_statm m;
        int64_t rss_kb;
        int n = dn_procfs_read(p, row->slot, DN_HELD_STATM, line, sizeof(line));

        if (n < 0 || dn_statm_parse((struct dn_str){line, (size_t)n}, &m) < 0)
                return;
        if (m.size_pages == 0 && !dn_row_ended(row) && dn_row_or_zero(row, DN_thread_count) > 1 &&
            (n = read_statm_of_thread(p, row, line, sizeof(line))) > 0)
                dn_statm_parse((struct dn_str){line, (size_t)n}, &m);
        rss_kb = (int64_t)m.resident_pages * page_kb();
        dn_row_set(row, DN_mem_rss_kb, rss_kb, number);
        /* status is read less often, and its VmHWM may lag behind by what each CPU has not yet handed in. */
        if (rss_kb > dn_row_or_zero(row, DN_mem_rss_peak_kb))
                dn_row_set(row, DN_mem_rss_peak_kb, rss_kb, number);
        dn_row_set(row, DN_mem_vms_kb, (int64_t)m.size_pages * page_kb(), number);
}

struct process {
        struct dn_target *target;
        struct dn_task_clocks clocks;
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
        free(process);
}

static void process_forget(void *state, uint32_t slot) {
        struct process *process = state;

        dn_task_clock_forget(&process->clocks, slot);
}

/* The main process alone is wanted: not what it has reaped. */
static void forget_reaped(struct dn_row *row, uint32_t number) {
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].of != DN_NOTHING)
                        dn_row_unset(row, id, number);
}

static int process_read(void *state, struct dn_pass *pass) {
        struct process *process = state;
        struct dn_target *t = process->target;
        const struct dn_table *rows = &pass->now->part[DN_PROCESS];
        bool are_close = process->last_ns && pass->mono_ns - process->last_ns < close_ns && !pass->final;

        for (uint32_t i = 0; i < rows->n; i++) {
                struct dn_row *row = dn_table_row(rows, i);

                if (row->gone)
                        continue;
                if (dn_process_read_stat(t->procfs, t->members->by_slot[row->slot], row, pass->now->number,
                                         are_close ? &process->clocks : NULL) == -ESRCH) {
                        row->gone = true;
                        continue;
                }
                if (!t->children)
                        forget_reaped(row, pass->now->number);
                dn_process_read_io(t->procfs, row, pass->now->number);
                /* One that is held before its exec has this process's own memory. */
                if (!(pass->first && t->own_child))
                        read_memory(t->procfs, row, pass->now->number);
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
