/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "host/clock.h"
#include "sources/linux/parse_statm.h"
#include "sources/linux/process.h"

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
        dn_row_set(row, DN_ignores_sigchld, st->ignores_sigchld, number);
        dn_row_set(row, DN_parent_pid, st->ppid, number);
        /* Of the address what differs between two programs, small enough to be added up with all else. */
        dn_row_set(row, DN_exec_mark, (int64_t)(st->startstack >> 4 & UINT32_MAX), number);
        if (st->processor >= 0)
                dn_row_set(row, DN_cpu_core, st->processor, number);
}

int dn_process_set_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, struct dn_stat *st,
                        int64_t clock_ns, struct dn_task_clocks *clocks, uint32_t number) {
        /* The pid is somebody else's now; or it is just being reaped (a zombie still has its one thread), its numbers
         * are gone already, and its parent may have them. */
        if (st->start_ticks != row->key.start || st->state == 'X' || st->num_threads == 0)
                return -ESRCH;
        /* A leader that ended before its threads looks like a zombie, and lives. perf no longer counts for it. */
        if (st->state == 'Z' && st->num_threads > 1) {
                st->state = 'R';
                clocks = NULL;
        }
        if (clocks && clock_ns >= 0 && (st->state == 'R' || st->num_threads > 1))
                clock_ns = dn_task_clock_read(clocks, p, row, clock_ns);
        set_cpu(row, st, clock_ns, p->tick_us, number);
        set_rest(row, st, p->tick_us, number);
        if (!dn_member_is_named(member, (struct dn_str){st->comm, st->comm_size})) {
                row->name = dn_member_rename(member, (struct dn_str){st->comm, st->comm_size});
                row->changed = number;
        }
        return 0;
}

int dn_process_take_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, int64_t clock_ns,
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
        n = dn_process_set_stat(p, member, row, &st, clock_ns, clocks, number);
        if (n == 0)
                *ret_stat = st;
        return n;
}

int64_t dn_process_clock_ns(const struct dn_procfs *p, int64_t pid) {
        int64_t clock_ns;

        return p->cpu_clock && p->cpu_clock(p, pid, &clock_ns) ? clock_ns : -1;
}

int dn_process_read_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, uint32_t number) {
        struct dn_stat st;

        row->read_ns = dn_clock_mono_ns();
        return dn_process_take_stat(p, member, row, dn_process_clock_ns(p, row->key.pid), NULL, number, &st);
}

void dn_process_set_io(struct dn_row *row, const struct dn_io *io, uint32_t number) {
        dn_row_set(row, DN_disk_read_bytes, (int64_t)io->read_bytes, number);
        dn_row_set(row, DN_disk_write_bytes, (int64_t)io->write_bytes, number);
        dn_row_set(row, DN_syscall_read_bytes, (int64_t)io->rchar, number);
        dn_row_set(row, DN_syscall_write_bytes, (int64_t)io->wchar, number);
        dn_row_set(row, DN_io_read_ops, (int64_t)io->syscr, number);
        dn_row_set(row, DN_io_write_ops, (int64_t)io->syscw, number);
        dn_row_set(row, DN_disk_cancelled_write_bytes, (int64_t)io->cancelled_write_bytes, number);
}

void dn_process_read_io(struct dn_procfs *p, struct dn_row *row, uint32_t number) {
        char file[512];
        struct dn_io io;
        int n = dn_procfs_read(p, row->slot, DN_HELD_IO, file, sizeof(file));

        if (n >= 0 && dn_io_parse((struct dn_str){file, (size_t)n}, &io) == 0)
                dn_process_set_io(row, &io, number);
}

/* The memory of a process whose leader has ended is seen through a thread that lives. */
static int read_statm_of_thread(struct dn_procfs *p, const struct dn_row *row, char *line, size_t room) {
        int fd = dn_procfs_open_at(p, row->slot, "task");
        dn_autodir DIR *dir = dn_entries_of(fd);
        struct dirent *entry;
        char path[64];

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
