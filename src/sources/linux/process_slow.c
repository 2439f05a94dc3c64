/* SPDX-License-Identifier: GPL-3.0-or-later
 * What costs more to read than stat and io, at a pace of its own: once a second, when a process is first seen, and at
 * the end. smaps_rollup holds the process's memory lock while it is read: it waits until the process is a second old,
 * and after each reading for a hundred times as long as that took; of a whole tree no more is read in a hundredth of
 * the time, so that thousands of processes do not delay a pass. */
#include "base/guard.h"
#include "host/clock.h"
#include "sources/linux/parse_smaps.h"
#include "sources/linux/parse_status.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"

static const int64_t pace_ns = 1000000000;
static const int64_t budget_most_ns = 20000000;
enum { SMAPS_SHARE = 100 };

struct pace {
        struct dn_key key;
        int64_t due_ns, smaps_due_ns;
};

struct slow {
        struct dn_target *target;
        struct pace *by_slot;
        uint32_t room;
        int64_t last_ns;   /* the pass before; 0: there was none */
        int64_t budget_ns; /* that smaps_rollup may take now; below 0: it has taken too much */
};

static int slow_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct slow *slow = calloc(1, sizeof(*slow));

        (void)why;
        if (!slow)
                return -ENOMEM;
        slow->target = t;
        *ret_state = slow;
        return 0;
}

static void slow_close(void *state) {
        struct slow *slow = state;

        free(slow->by_slot);
        free(slow);
}

static struct pace *pace_of(struct slow *slow, const struct dn_row *row, int64_t now_ns) {
        struct pace *pace;

        if (row->slot >= slow->room) {
                uint32_t room = slow->room ? slow->room : 16;
                struct pace *by_slot;

                while (room <= row->slot)
                        room *= 2;
                by_slot = realloc(slow->by_slot, room * sizeof(*by_slot));
                if (!by_slot)
                        return NULL;
                memset(by_slot + slow->room, 0, (room - slow->room) * sizeof(*by_slot));
                slow->by_slot = by_slot;
                slow->room = room;
        }
        pace = &slow->by_slot[row->slot];
        if (!dn_key_equal(pace->key, row->key))
                *pace = (struct pace){.key = row->key, .smaps_due_ns = now_ns + pace_ns};
        return pace;
}

static void set_known(struct dn_row *row, int id, int64_t value, uint32_t number) {
        if (value >= 0)
                dn_row_set(row, id, value, number);
}

static void read_status(struct dn_procfs *p, struct dn_row *row, uint32_t number) {
        char file[8192];
        struct dn_status s;
        int n = dn_procfs_read_at(p, row->slot, "status", file, sizeof(file));

        if (n < 0 || dn_status_parse((struct dn_str){file, (size_t)n}, &s) < 0)
                return;
        if (s.hwm_kb > dn_row_or_zero(row, DN_mem_rss_peak_kb))
                dn_row_set(row, DN_mem_rss_peak_kb, s.hwm_kb, number);
        set_known(row, DN_mem_swap_kb, s.swap_kb, number);
        dn_row_set(row, DN_ignores_sigchld, s.ignores_sigchld, number);
        set_known(row, DN_ctx_switches_voluntary, s.voluntary, number);
        set_known(row, DN_ctx_switches_involuntary, s.nonvoluntary, number);
}

/* Three numbers: time on a CPU, time ready and waiting for one (both ns), turns. */
static void read_schedstat(struct dn_procfs *p, struct dn_row *row, uint32_t number) {
        char line[128];
        int n = dn_procfs_read_at(p, row->slot, "schedstat", line, sizeof(line));
        struct dn_str rest = {line, n > 0 ? (size_t)n : 0};
        uint64_t on_cpu_ns, delay_ns;

        if (dn_str_take_u64(&rest, &on_cpu_ns) && dn_str_take_u64(&rest, &delay_ns))
                set_known(row, DN_run_delay_secs, (int64_t)(delay_ns / 1000), number);
}

static void read_fds(struct dn_procfs *p, struct dn_row *row, uint32_t number) {
        int fd = dn_procfs_open_at(p, row->slot, "fd"), n = 0;
        dn_autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!dir && fd >= 0)
                close(fd);
        while (dir && (entry = readdir(dir)))
                n += entry->d_name[0] != '.';
        /* A leader that ended before its threads shows none of theirs. */
        if (dir && (n > 0 || dn_row_or_zero(row, DN_thread_count) <= 1))
                dn_row_set(row, DN_fd_count, n, number);
}

static void read_smaps(struct slow *slow, struct dn_row *row, struct pace *pace, uint32_t number) {
        int64_t began_ns = dn_clock_mono_ns(), took_ns;
        char file[2048];
        struct dn_smaps s;
        int n = dn_procfs_read_at(slow->target->procfs, row->slot, "smaps_rollup", file, sizeof(file));

        took_ns = dn_clock_mono_ns() - began_ns;
        slow->budget_ns -= took_ns;
        pace->smaps_due_ns = began_ns + (took_ns * SMAPS_SHARE > pace_ns ? took_ns * SMAPS_SHARE : pace_ns);
        if (n < 0 || dn_smaps_parse((struct dn_str){file, (size_t)n}, &s) < 0)
                return;
        dn_row_set(row, DN_mem_pss_kb, s.pss_kb, number);
        dn_row_set(row, DN_mem_uss_kb, s.uss_kb, number);
}

static void earn(struct slow *slow, int64_t now_ns) {
        slow->budget_ns += slow->last_ns ? (now_ns - slow->last_ns) / SMAPS_SHARE : 0;
        if (slow->budget_ns > budget_most_ns)
                slow->budget_ns = budget_most_ns;
        slow->last_ns = now_ns;
}

static int slow_read(void *state, struct dn_pass *pass) {
        struct slow *slow = state;
        const struct dn_table *rows = &pass->now->part[DN_PROCESS];

        if (pass->first && slow->target->own_child)
                return 0; /* held before its exec, it has this process's descriptors and memory */
        earn(slow, pass->mono_ns);
        for (uint32_t i = 0; i < rows->n; i++) {
                struct dn_row *row = dn_table_row(rows, i);
                struct pace *pace;

                if (row->gone)
                        continue;
                pace = pace_of(slow, row, pass->mono_ns);
                if (!pace)
                        return -ENOMEM;
                if (!pass->first && !pass->final && pass->mono_ns < pace->due_ns)
                        continue;
                pace->due_ns = pass->mono_ns + pace_ns;
                read_status(slow->target->procfs, row, pass->now->number);
                read_schedstat(slow->target->procfs, row, pass->now->number);
                if (dn_row_ended(row))
                        continue;
                read_fds(slow->target->procfs, row, pass->now->number);
                if (pass->mono_ns >= pace->smaps_due_ns && slow->budget_ns > 0)
                        read_smaps(slow, row, pace, pass->now->number);
        }
        return 0;
}

const struct dn_source dn_source_process_slow = {.open = slow_open, .read = slow_read, .close = slow_close};
