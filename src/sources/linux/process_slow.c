/* SPDX-License-Identifier: GPL-3.0-or-later
 * What costs more to read than stat and io, at a pace of its own: once a second, when a process is first seen, and at
 * the end. Of a large tree in turn, so that all of it together takes a small share of what the pass takes for the rest.
 * One that has not run since has nothing new but its memory. smaps_rollup holds the process's memory lock while it is
 * read: it waits until the process is a second old, and after each reading for a thousand times as long as that took.
 */
#include "base/guard.h"
#include "base/slots.h"
#include "host/clock.h"
#include "sources/linux/parse_smaps.h"
#include "sources/linux/parse_status.h"
#include "sources/linux/process.h"
#include "sources/linux/sources.h"

static const int64_t pace_ns = 1000000000;

struct pace {
        struct dn_key key;
        int64_t due_ns, smaps_due_ns;
        int64_t clock_ns; /* its CPU clock when status was read last; -1: not known, 0: not read yet */
};

/* Time that may be spent. A share of what the pass took before this source; or where that is next to nothing, of all
 * time: a small tree's once a second costs no more. */
struct budget {
        int64_t most_ns, of_pass, of_time, of_time_alone;
        int64_t left_ns; /* below 0: too much was taken */
};

struct slow {
        struct dn_target *target;
        struct pace *by_slot;
        uint32_t room, turn; /* turn: the row where the last pass stopped */
        int64_t last_ns;     /* the pass before; 0: there was none */
        struct budget files, smaps;
};

static void earn(struct budget *b, int64_t pass_ns, int64_t since_ns, uint32_t n) {
        int64_t least_ns = since_ns / b->of_time, alone_ns = since_ns / b->of_time_alone / (n ? n : 1);
        int64_t earned_ns = pass_ns / b->of_pass;

        least_ns = alone_ns > least_ns ? alone_ns : least_ns;
        b->left_ns += earned_ns > least_ns ? earned_ns : least_ns;
        if (b->left_ns > b->most_ns)
                b->left_ns = b->most_ns;
}

static int slow_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct slow *slow = calloc(1, sizeof(*slow));

        (void)why;
        if (!slow)
                return -ENOMEM;
        slow->target = t;
        slow->files = (struct budget){
                .most_ns = 5000000, .of_pass = 80, .of_time = 5000, .of_time_alone = 1000, .left_ns = 5000000};
        slow->smaps = (struct budget){
                .most_ns = 20000000, .of_pass = 160, .of_time = 5000, .of_time_alone = 1000, .left_ns = 5000000};
        *ret_state = slow;
        return 0;
}

static void slow_close(void *state) {
        struct slow *slow = state;

        free(slow->by_slot);
        free(slow);
}

static struct pace *pace_of(struct slow *slow, const struct dn_row *row, int64_t now_ns) {
        struct pace *by_slot = dn_slots_reserve(slow->by_slot, &slow->room, row->slot, sizeof(*by_slot)), *pace;

        if (!by_slot)
                return NULL;
        slow->by_slot = by_slot;
        pace = &by_slot[row->slot];
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
        dn_autodir DIR *dir = dn_entries_of(fd);
        struct dirent *entry;

        while (dir && (entry = readdir(dir)))
                n += entry->d_name[0] != '.';
        /* A leader that ended before its threads shows none of theirs. */
        if (dir && (n > 0 || dn_row_or_zero(row, DN_thread_count) <= 1))
                dn_row_set(row, DN_fd_count, n, number);
}

static void read_smaps(struct slow *slow, struct dn_row *row, struct pace *pace, uint32_t number) {
        enum { SHARE = 1000 };
        int64_t began_ns = dn_clock_mono_ns(), took_ns;
        char file[2048];
        struct dn_smaps s;
        int n = dn_procfs_read_at(slow->target->procfs, row->slot, "smaps_rollup", file, sizeof(file));

        took_ns = dn_clock_mono_ns() - began_ns;
        slow->smaps.left_ns -= took_ns;
        pace->smaps_due_ns = began_ns + (took_ns * SHARE > pace_ns ? took_ns * SHARE : pace_ns);
        if (n < 0 || dn_smaps_parse((struct dn_str){file, (size_t)n}, &s) < 0)
                return;
        dn_row_set(row, DN_mem_pss_kb, s.pss_kb, number);
        dn_row_set(row, DN_mem_uss_kb, s.uss_kb, number);
}

/* One that has not run since its last reading has nothing new but its memory, which others may take from it. */
static void read_one(struct slow *slow, struct dn_row *row, struct pace *pace, const struct dn_pass *pass) {
        int64_t clock_ns = dn_row_has(row, DN_cpu_clock_ns) ? dn_row_or_zero(row, DN_cpu_clock_ns) : -1;
        char state = (char)dn_row_or_zero(row, DN_state);
        bool has_run = clock_ns <= 0 || clock_ns != pace->clock_ns || state == 'R' || state == 'Z' || pass->final;

        pace->due_ns = pass->mono_ns + pace_ns;
        pace->clock_ns = clock_ns;
        if (has_run) {
                read_status(slow->target->procfs, row, pass->now->number);
                read_schedstat(slow->target->procfs, row, pass->now->number);
        }
        if (dn_row_ended(row))
                return;
        if (has_run)
                read_fds(slow->target->procfs, row, pass->now->number);
        /* Of one that runs too: that stat saw none of it move says little where there are many cores. */
        dn_process_read_memory(slow->target->procfs, row, pass->now->number);
        if (pass->mono_ns >= pace->smaps_due_ns && slow->smaps.left_ns > 0)
                read_smaps(slow, row, pace, pass->now->number);
}

/* From where the last pass stopped, once around, as long as there is time for it. */
static int read_in_turn(struct slow *slow, const struct dn_pass *pass) {
        const struct dn_table *rows = &pass->now->part[DN_PROCESS];
        bool all = pass->first || pass->final;
        int64_t then_ns = dn_clock_mono_ns(), smaps_ns;
        uint32_t from = slow->turn < rows->n ? slow->turn : 0;

        for (uint32_t i = 0; i < rows->n && (all || slow->files.left_ns > 0); i++) {
                uint32_t at = from + i < rows->n ? from + i : from + i - rows->n;
                struct dn_row *row = dn_table_row(rows, at);
                struct pace *pace = pace_of(slow, row, pass->mono_ns);

                if (!pace)
                        return -ENOMEM;
                if (row->gone || (!all && pass->mono_ns < pace->due_ns))
                        continue;
                smaps_ns = slow->smaps.left_ns;
                read_one(slow, row, pace, pass);
                slow->turn = at + 1;
                if (all)
                        continue; /* it has to be: what comes after is not to wait for it */
                slow->files.left_ns += then_ns + (smaps_ns - slow->smaps.left_ns);
                then_ns = dn_clock_mono_ns();
                slow->files.left_ns -= then_ns;
        }
        return 0;
}

static int slow_read(void *state, struct dn_pass *pass) {
        struct slow *slow = state;
        int64_t pass_ns = dn_clock_mono_ns() - pass->mono_ns,
                since_ns = slow->last_ns ? pass->mono_ns - slow->last_ns : 0;
        uint32_t n = pass->now->part[DN_PROCESS].n;

        if (pass->first && slow->target->own_child)
                return 0; /* held before its exec, it has this process's descriptors and memory */
        earn(&slow->files, pass_ns, since_ns, n);
        earn(&slow->smaps, pass_ns, since_ns, n);
        slow->last_ns = pass->mono_ns;
        return read_in_turn(slow, pass);
}

const struct dn_source dn_source_process_slow = {.open = slow_open, .read = slow_read, .close = slow_close};
