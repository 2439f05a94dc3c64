/* SPDX-License-Identifier: GPL-3.0-or-later
 * What all members have used, ended or not: counted by thread, so nothing is missed or handed on. What runs just now is
 * behind by up to a tick; the process clocks are not. */
#include "host/clock.h"
#include "modules/ebpf/ebpf.h"

#include "denet.skel.h"
#include <time.h>

static void add(struct dn_bpf_usage *to, const struct dn_bpf_usage *usage) {
        const uint64_t *from = (const uint64_t *)(const void *)usage;
        uint64_t *sum = (uint64_t *)(void *)to;

        for (size_t i = 0; i < sizeof(*to) / sizeof(*sum); i++)
                sum[i] += from[i];
}

/* The kernel's estimate of how it splits, applied to the exact time. */
static void set_cpu(struct dn_row *row, const struct dn_bpf_usage *u, uint32_t number) {
        uint64_t all = u->user_ns + u->system_ns;
        uint64_t user_ns = all > 0 ? (uint64_t)((__uint128_t)u->runtime_ns * u->user_ns / all) : u->runtime_ns;

        dn_row_set(row, DN_cpu_user_secs, (int64_t)(user_ns / 1000), number);
        dn_row_set(row, DN_cpu_system_secs, (int64_t)(u->runtime_ns / 1000 - user_ns / 1000), number);
}

static void set_usage(struct dn_row *row, const struct dn_bpf_usage *u, uint32_t number) {
        const struct {
                int id;
                uint64_t value;
        } values[] = {
                {DN_run_delay_secs, u->run_delay_ns / 1000},
                {DN_page_faults_cached, u->minor_faults},
                {DN_page_faults_disk, u->major_faults},
                {DN_ctx_switches_voluntary, u->voluntary},
                {DN_ctx_switches_involuntary, u->involuntary},
                {DN_syscall_read_bytes, u->read_chars},
                {DN_syscall_write_bytes, u->written_chars},
                {DN_io_read_ops, u->read_calls},
                {DN_io_write_ops, u->write_calls},
                {DN_disk_read_bytes, u->read_bytes},
                {DN_disk_write_bytes, u->written_bytes},
                {DN_disk_cancelled_write_bytes, u->cancelled_bytes},
        };

        set_cpu(row, u, number);
        for (size_t i = 0; i < DN_COUNT(values); i++)
                dn_row_set(row, values[i].id, (int64_t)values[i].value, number);
}

/* The dead are taken first: who ends meanwhile is in neither, and comes with the next pass. True: nobody was. */
static bool count(struct dn_ebpf *e, struct dn_bpf_usage *ret_usage) {
        struct dn_bpf_shared *s = e->shared;
        struct dn_bpf_usage sum = s->dead;
        uint64_t members = e->first_threads + s->born_threads - sum.threads;

        memset(&s->living, 0, sizeof(s->living));
        if (dn_ebpf_iterate(e->programs->links.add_up) < 0)
                return false;
        add(&sum, &s->living);
        add(&sum, &s->before);
        *ret_usage = sum;
        return s->living.threads == members;
}

/* A process may have been waited for before it has left its processor for good: a moment, or as long as others of
 * higher priority run there. */
static bool count_last(struct dn_ebpf *e, struct dn_bpf_usage *ret_usage) {
        const int64_t patience_ns = 50000000, until_ns = dn_clock_mono_ns() + patience_ns;
        const struct timespec moment = {.tv_nsec = 100000};

        while (!count(e, ret_usage))
                if (dn_clock_mono_ns() > until_ns)
                        return false;
                else
                        nanosleep(&moment, NULL);
        return true;
}

int dn_ebpf_exits_read(struct dn_ebpf *e, struct dn_pass *pass) {
        struct dn_bpf_usage usage = {0};
        bool whole = pass->final ? count_last(e, &usage) : count(e, &usage);
        struct dn_row *row = dn_table_add(&pass->now->counted);

        if (!row)
                return -ENOMEM;
        set_usage(row, &usage, pass->now->number);
        if (pass->final)
                e->target->counted = whole && dn_ebpf_lost_counts(e, true) == 0;
        e->target->processes_counted =
                (int64_t)(e->shared->born_processes + (e->target->attached ? e->shared->found_processes : 1));
        return 0;
}
