/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/summary_memory.h"

enum { ONE = 10000 };

enum dn_verdict dn_verdict(int64_t ipc, int64_t stall_ratio, int64_t psi_fraction) {
        enum { STALLED = 5000, SLOW = 10000, FLOWING = 2000, FAST = 15000, PRESSED = 5000 };
        bool counted = ipc >= 0 && stall_ratio >= 0;

        if (counted && stall_ratio > STALLED && ipc < SLOW)
                return DN_MEMORY_BOUND;
        if (counted && stall_ratio < FLOWING && ipc > FAST)
                return DN_CPU_BOUND;
        if (psi_fraction > PRESSED)
                return DN_MEMORY_BOUND;
        return counted ? DN_MIXED : DN_INSUFFICIENT_DATA;
}

struct dn_str dn_verdict_name(enum dn_verdict v) {
        switch (v) {
        case DN_MEMORY_BOUND: return DN_STR("memory-bound");
        case DN_CPU_BOUND: return DN_STR("cpu-bound");
        case DN_MIXED: return DN_STR("mixed");
        default: return DN_STR("insufficient-data");
        }
}

#define ADD(m, row, what, id, total) \
        do { \
                int64_t value, sum; \
\
                if (dn_row_get(row, id, &value) && \
                    ((total) || !__builtin_add_overflow((m)->what.value, value, &sum))) { \
                        (m)->what.value = (total) ? value : sum; \
                        (m)->what.known = true; \
                } \
        } while (0)

static void add_counters(struct dn_summary_memory *m, const struct dn_row *row, bool total) {
        ADD(m, row, cycles, DN_PERF_cycles, total);
        ADD(m, row, instructions, DN_PERF_instructions, total);
        ADD(m, row, refs, DN_PERF_cache_refs, total);
        ADD(m, row, misses, DN_PERF_cache_misses, total);
        ADD(m, row, stalled, DN_PERF_stalled_backend, total);
}

static void add_pressure(struct dn_summary_memory *m, const struct dn_row *row, int64_t span_us) {
        int64_t some, sum;

        if (!dn_row_get(row, DN_PSI_MEM_some_avg10, &some))
                return;
        m->pressed_samples++;
        m->pressed += some > 0;
        if (span_us <= 0 || __builtin_add_overflow(m->pressed_span_us, span_us, &sum))
                return;
        m->pressed_span_us = sum;
        m->pressed_us += some > 0 ? span_us : 0;
}

void dn_summary_memory_add(struct dn_summary_memory *m, const struct denet_record *r, int64_t span_us) {
        const struct dn_table *perf = &r->sample->part[DN_PERF], *psi = &r->sample->part[DN_PSI_MEM];

        m->any |= perf->n + psi->n > 0;
        if (perf->n > 0)
                add_counters(m, dn_table_row(perf, 0), r->kind == DN_EXIT);
        if (psi->n > 0 && r->kind != DN_EXIT)
                add_pressure(m, dn_table_row(psi, 0), span_us);
}

/* ------------------------------------------------------------------------------------------------- what it comes to */

static bool ratio(int64_t part, int64_t whole, int64_t *ret_steps) {
        if (whole <= 0 || part < 0)
                return false;
        *ret_steps = (int64_t)(((__int128)part * ONE + whole / 2) / whole);
        return true;
}

static bool mean_ipc(const struct dn_summary_memory *m, int64_t *ret_steps) {
        return m->instructions.known && ratio(m->instructions.value, m->cycles.value, ret_steps);
}

static bool llc_miss_rate(const struct dn_summary_memory *m, int64_t *ret_steps) {
        return m->misses.known && ratio(m->misses.value, m->refs.value, ret_steps);
}

static bool stall_ratio(const struct dn_summary_memory *m, int64_t *ret_steps) {
        return m->stalled.known && ratio(m->stalled.value, m->cycles.value, ret_steps);
}

static bool psi_fraction(const struct dn_summary_memory *m, int64_t *ret_steps) {
        return m->pressed_span_us > 0 ? ratio(m->pressed_us, m->pressed_span_us, ret_steps)
                                      : ratio(m->pressed, m->pressed_samples, ret_steps);
}

#define ENTRY(name, get) \
        { {name, sizeof(name) - 1}, get }
const struct dn_summary_memory_entry dn_summary_memory_entries[] = {
        ENTRY("mean_ipc", mean_ipc),
        ENTRY("llc_miss_rate", llc_miss_rate),
        ENTRY("backend_stall_ratio", stall_ratio),
        ENTRY("psi_some_fraction", psi_fraction),
};
const int dn_summary_memory_n_entries = DN_COUNT(dn_summary_memory_entries);

enum dn_verdict dn_summary_memory_verdict(const struct dn_summary_memory *m) {
        int64_t ipc, stalled, pressed;

        return dn_verdict(mean_ipc(m, &ipc) ? ipc : -1, stall_ratio(m, &stalled) ? stalled : -1,
                          psi_fraction(m, &pressed) ? pressed : -1);
}
