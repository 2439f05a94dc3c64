/* SPDX-License-Identifier: GPL-3.0-or-later
 * The system calls of a run: the summary's block `syscalls`, and what they say of how it behaves. */
#pragma once
#include "model/record.h"

enum { DN_SUMMARY_SYSCALLS = 5 };

struct dn_summary_syscalls {
        uint64_t has; /* a bit a value */
        int64_t steps[DN_SUMMARY_SYSCALLS];
};

/* Each record has them since the start of monitoring: the last one stands. */
void dn_summary_syscalls_add(struct dn_summary_syscalls *s, const struct denet_record *r);

/* Their names, and the fields that they are from. */
extern const struct dn_summary_syscalls_entry {
        struct dn_str name;
        int field;
} dn_summary_syscalls_entries[DN_SUMMARY_SYSCALLS];

/* "I/O-bound", "network-bound", "memory-bound": at least half of its calls are about that. "CPU-bound": it kept nearly
 * a core busy on average (hundredths of a percent) and made few calls. Else "mixed"; empty: no calls are known. */
struct dn_str dn_summary_behaviour(const struct dn_summary_syscalls *s, int64_t mean_cpu_centi);
