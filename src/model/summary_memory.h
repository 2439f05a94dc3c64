/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whether a run waited for memory: the summary's block `memory_characterization`, from hardware counters and pressure.
 */
#pragma once
#include "model/record.h"

struct dn_summary_memory {
        bool any; /* a record had psi_mem or perf */
        struct {
                bool known;
                int64_t value;
        } cycles, instructions, refs, misses, stalled; /* of the run */
        int64_t pressed_us, pressed_span_us;           /* time with pressure on memory, of the time that it was known */
        int64_t pressed, pressed_samples; /* the same in samples, for files that do not say how long they are */
};

enum dn_verdict { DN_INSUFFICIENT_DATA, DN_MEMORY_BOUND, DN_CPU_BOUND, DN_MIXED };

/* Each in ten-thousandths; -1: not known. Counters are believed before pressure. */
enum dn_verdict dn_verdict(int64_t ipc, int64_t stall_ratio, int64_t psi_fraction);
struct dn_str dn_verdict_name(enum dn_verdict v);

/* `span_us`: how long the sample stands for; of an exit record nothing, and its counters are the totals. */
void dn_summary_memory_add(struct dn_summary_memory *m, const struct denet_record *r, int64_t span_us);

struct dn_summary_memory_entry {
        struct dn_str name;
        bool (*get)(const struct dn_summary_memory *m, int64_t *ret_steps); /* in ten-thousandths */
};
enum { DN_SUMMARY_MEMORY_DECIMALS = 4 };
extern const struct dn_summary_memory_entry dn_summary_memory_entries[];
extern const int dn_summary_memory_n_entries;
enum dn_verdict dn_summary_memory_verdict(const struct dn_summary_memory *m);
