/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/summary_syscalls.h"

enum { RATE, IO, MEMORY, CPU, NETWORK };

#define ENTRY(name, field) \
        { {name, sizeof(name) - 1}, DN_SYSCALL_ANALYSIS_##field }
const struct dn_summary_syscalls_entry dn_summary_syscalls_entries[DN_SUMMARY_SYSCALLS] = {
        [RATE] = ENTRY("avg_syscall_rate_per_sec", syscall_rate_per_sec),
        [IO] = ENTRY("avg_io_syscall_fraction", io_intensity),
        [MEMORY] = ENTRY("avg_memory_syscall_fraction", memory_intensity),
        [CPU] = ENTRY("avg_cpu_syscall_fraction", cpu_intensity),
        [NETWORK] = ENTRY("avg_network_syscall_fraction", network_intensity),
};

void dn_summary_syscalls_add(struct dn_summary_syscalls *s, const struct denet_record *r) {
        const struct dn_table *rows = &r->sample->part[DN_SYSCALL_ANALYSIS];

        for (int i = 0; rows->n > 0 && i < DN_SUMMARY_SYSCALLS; i++)
                if (dn_row_get(dn_table_row(rows, 0), dn_summary_syscalls_entries[i].field, &s->steps[i]))
                        s->has |= UINT64_C(1) << i;
}

struct dn_str dn_summary_behaviour(const struct dn_summary_syscalls *s, int64_t mean_cpu_centi) {
        enum { BUSY_CENTI = 9000, FEW_CENTI = 100000 /* a thousand a second */, HALF = 5000 };
        bool busy = mean_cpu_centi >= BUSY_CENTI, few = s->steps[RATE] < FEW_CENTI;

        if (!s->has)
                return DN_STR("");
        if (busy && few)
                return DN_STR("CPU-bound");
        if (s->steps[IO] >= HALF)
                return DN_STR("I/O-bound");
        if (s->steps[NETWORK] >= HALF)
                return DN_STR("network-bound");
        if (s->steps[MEMORY] >= HALF)
                return DN_STR("memory-bound");
        return DN_STR("mixed");
}
