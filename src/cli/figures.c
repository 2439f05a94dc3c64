/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/figures.h"
#include "base/guard.h"

/* Where a figure is found; what a record does not have, for want of a driver or of rights, is left out by itself. */
static const struct {
        const char *field;
        int part;
        double unit;
        bool rate;
} sources[DN_FIGURES] = {
        [DN_FIGURE_CORES_BUSY] = {"cpu_usage", DENET_WHOLE, 0.01, false},
        [DN_FIGURE_MEMORY] = {"mem_rss_kb", DENET_WHOLE, 1024, false},
        [DN_FIGURE_GPU_BUSY] = {"gpu.max_gpu_utilization", DENET_GPU_ALL, 1, false},
        [DN_FIGURE_GPU_MEMORY] = {"gpu.total_memory_used", DENET_GPU_ALL, 1, false},
        [DN_FIGURE_READ] = {"syscall_read_bytes", DENET_WHOLE, 1, true},
        [DN_FIGURE_WRITTEN] = {"syscall_write_bytes", DENET_WHOLE, 1, true},
        [DN_FIGURE_PROCESSES] = {"process_count", DENET_WHOLE, 1, false},
        [DN_FIGURE_THREADS] = {"thread_count", DENET_WHOLE, 1, false},
        [DN_FIGURE_FROM_DISK] = {"disk_read_bytes", DENET_WHOLE, 1, true},
        [DN_FIGURE_TO_DISK] = {"disk_write_bytes", DENET_WHOLE, 1, true},
        [DN_FIGURE_NET_IN] = {"network.rx_bytes", DENET_NETWORK, 1, true},
        [DN_FIGURE_NET_OUT] = {"network.tx_bytes", DENET_NETWORK, 1, true},
};

void dn_meter_open(struct dn_meter *m, bool history) {
        *m = (struct dn_meter){.history = history, .peak_field = denet_field_id("mem_rss_peak_kb")};
        for (int i = 0; i < DN_FIGURES; i++)
                m->field[i] = sources[i].field ? denet_field_id(sources[i].field) : -ENOENT;
}

static bool look_up(const struct dn_meter *m, const denet_record *record, int figure, double *ret_value) {
        const denet_row *row;
        bool any = false;
        double number;

        *ret_value = 0;
        if (m->field[figure] < 0)
                return false;
        for (size_t i = 0; (row = denet_record_row(record, sources[figure].part, i)); i++) {
                if (denet_row_number(row, m->field[figure], &number) < 0)
                        continue;
                any = true;
                number *= sources[figure].unit;
                *ret_value += number;
        }
        return any;
}

static void set(struct dn_figures *f, int figure, double value) {
        f->v[figure] = value;
        f->has |= 1U << figure;
}

static void add_peak(struct dn_meter *m, const denet_row *whole) {
        double peak = m->now.v[DN_FIGURE_MEMORY_PEAK], one;

        if (!dn_figures_have(&m->now, DN_FIGURE_MEMORY))
                return;
        if (denet_row_number(whole, m->peak_field, &one) == 0 && one * 1024 > peak)
                peak = one * 1024;
        if (m->now.v[DN_FIGURE_MEMORY] > peak)
                peak = m->now.v[DN_FIGURE_MEMORY];
        set(&m->now, DN_FIGURE_MEMORY_PEAK, peak);
}

bool dn_meter_add(struct dn_meter *m, const denet_record *record, int64_t start_ms) {
        const denet_row *whole = denet_record_row(record, DENET_WHOLE, 0);
        int64_t now_ms = denet_record_ts_ms(record), from_ms = m->last_ms ? m->last_ms : start_ms;
        double secs = (double)(now_ms - from_ms) / 1000, value;
        bool rates = secs > 0 && (m->last_ms || !m->history);

        if (!whole)
                return false;
        m->now.elapsed_secs = (double)(now_ms - start_ms) / 1000;
        m->now.has &= 1U << DN_FIGURE_MEMORY_PEAK;
        for (int i = 0; i < DN_FIGURES; i++) {
                if (!look_up(m, record, i, &value))
                        continue;
                if (!sources[i].rate)
                        set(&m->now, i, value);
                else if (rates)
                        set(&m->now, i, value > m->counter[i] ? (value - m->counter[i]) / secs : 0);
                m->counter[i] = value;
        }
        add_peak(m, whole);
        if (dn_figures_have(&m->now, DN_FIGURE_CORES_BUSY))
                dn_spark_add(&m->spark, (double)(from_ms - start_ms) / 1000, m->now.elapsed_secs,
                             m->now.v[DN_FIGURE_CORES_BUSY]);
        m->last_ms = now_ms;
        return true;
}
