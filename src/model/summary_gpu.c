/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/summary_gpu.h"

static int64_t larger(int64_t a, int64_t b) {
        return a > b ? a : b;
}

/* Of whole devices: a part is of one. */
static void add_devices(struct dn_summary_gpu *g, const struct dn_table *rows) {
        int64_t devices = 0, tree_bytes = 0;

        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i);
                int64_t busy = dn_row_or_zero(row, DN_GPU_DEVICE_process_utilization_gpu), bytes;

                g->tree_most_centi = larger(g->tree_most_centi, busy);
                if (dn_row_has(row, DN_GPU_DEVICE_mig_index))
                        continue;
                devices++;
                bytes = dn_row_or_zero(row, DN_GPU_DEVICE_process_memory_usage);
                if (__builtin_add_overflow(tree_bytes, bytes, &tree_bytes))
                        tree_bytes = 0;
        }
        g->devices = larger(g->devices, devices);
        g->tree_bytes = larger(g->tree_bytes, tree_bytes);
}

static void add_all(struct dn_summary_gpu *g, const struct dn_row *row, int64_t span_us) {
        int64_t busy, sum;

        g->total_bytes = larger(g->total_bytes, dn_row_or_zero(row, DN_GPU_total_memory_available));
        g->peak_used_bytes = larger(g->peak_used_bytes, dn_row_or_zero(row, DN_GPU_total_memory_used));
        if (!dn_row_get(row, DN_GPU_max_gpu_utilization, &busy))
                return;
        g->most_centi = larger(g->most_centi, busy);
        if (span_us > 0 && !__builtin_add_overflow(g->span_us, span_us, &sum)) {
                g->area += (__int128)busy * span_us;
                g->span_us = sum;
        }
}

static void add_energy(struct dn_summary_gpu *g, const struct dn_row *row, bool total) {
        int64_t energy_uj, tree_uj;

        if (dn_row_get(row, DN_GPU_ENERGY_package_joules, &energy_uj) &&
            (total || !__builtin_add_overflow(g->energy_uj, energy_uj, &energy_uj))) {
                g->energy_uj = energy_uj;
                g->has_energy = true;
        }
        if (dn_row_get(row, DN_GPU_ENERGY_process_joules, &tree_uj) &&
            (total || !__builtin_add_overflow(g->tree_energy_uj, tree_uj, &tree_uj))) {
                g->tree_energy_uj = tree_uj;
                g->has_tree_energy = true;
        }
}

void dn_summary_gpu_add(struct dn_summary_gpu *g, const struct denet_record *r, int64_t span_us) {
        const struct dn_table *part = r->sample->part;

        if (part[DN_GPU].n + part[DN_GPU_DEVICE].n == 0)
                return;
        g->any = true;
        add_devices(g, &part[DN_GPU_DEVICE]);
        if (part[DN_GPU].n > 0)
                add_all(g, dn_table_row(&part[DN_GPU], 0), span_us);
        if (part[DN_GPU_ENERGY].n > 0)
                add_energy(g, dn_table_row(&part[DN_GPU_ENERGY], 0), r->kind == DN_EXIT);
}

/* ------------------------------------------------------------------------------------------------- what it comes to */

static int64_t milli_gb(int64_t bytes) {
        return (int64_t)(((__int128)bytes * 1000 + (1 << 29)) >> 30);
}

static bool device_count(const struct dn_summary_gpu *g, int64_t *ret_steps) {
        *ret_steps = g->devices;
        return true;
}

static bool total_memory(const struct dn_summary_gpu *g, int64_t *ret_steps) {
        *ret_steps = milli_gb(g->total_bytes);
        return true;
}

static bool peak_used(const struct dn_summary_gpu *g, int64_t *ret_steps) {
        *ret_steps = milli_gb(g->peak_used_bytes);
        return true;
}

static bool most_busy(const struct dn_summary_gpu *g, int64_t *ret_steps) {
        *ret_steps = g->most_centi;
        return true;
}

static bool mean_busy(const struct dn_summary_gpu *g, int64_t *ret_steps) {
        if (g->span_us <= 0)
                return false;
        *ret_steps = (int64_t)((g->area + g->span_us / 2) / g->span_us);
        return true;
}

static bool tree_busy(const struct dn_summary_gpu *g, int64_t *ret_steps) {
        *ret_steps = g->tree_most_centi;
        return true;
}

static bool tree_memory(const struct dn_summary_gpu *g, int64_t *ret_steps) {
        *ret_steps = milli_gb(g->tree_bytes);
        return true;
}

static bool energy(const struct dn_summary_gpu *g, int64_t *ret_steps) {
        *ret_steps = g->energy_uj;
        return g->has_energy;
}

static bool tree_energy(const struct dn_summary_gpu *g, int64_t *ret_steps) {
        *ret_steps = g->tree_energy_uj;
        return g->has_tree_energy;
}

#define ENTRY(name, decimals, get) \
        { {name, sizeof(name) - 1}, decimals, get }
const struct dn_summary_gpu_entry dn_summary_gpu_entries[] = {
        ENTRY("device_count", 0, device_count),
        ENTRY("total_memory_gb", 3, total_memory),
        ENTRY("peak_used_memory_gb", 3, peak_used),
        ENTRY("max_system_gpu_utilization", 2, most_busy),
        ENTRY("avg_system_gpu_utilization", 2, mean_busy),
        ENTRY("max_process_gpu_utilization", 2, tree_busy),
        ENTRY("process_memory_usage_gb", 3, tree_memory),
        ENTRY("package_joules", 6, energy),
        ENTRY("process_joules", 6, tree_energy),
};
const int dn_summary_gpu_n_entries = DN_COUNT(dn_summary_gpu_entries);
