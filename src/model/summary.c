/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/summary.h"

#include <errno.h>
#include <stdlib.h>

/* Of a counter too: in files of other releases the last one may be less, for a child's part fell out at its end. */
static bool greatest_of(const struct denet_summary *s, int field, int64_t *ret_steps) {
        return dn_row_get(s->greatest, field, ret_steps);
}

/* A known gauge that was never above 0 is one that was never there to sum: a run without a single full sample. */
static bool mean_of(const struct denet_summary *s, int field, int64_t *ret_steps) {
        if (s->span_us[field] <= 0)
                return dn_row_get(s->last, field, ret_steps);
        *ret_steps = (int64_t)((s->area[field] + s->span_us[field] / 2) / s->span_us[field]);
        return true;
}

static bool total_time(const struct denet_summary *s, int field, int64_t *ret_us) {
        (void)field;
        if (s->ended && s->exit.wall_us >= 0)
                *ret_us = s->exit.wall_us;
        else if (s->last_us >= 0)
                *ret_us = s->last_us;
        else
                *ret_us = (s->last_ms - s->first_ms) * 1000;
        return true;
}

static bool sample_count(const struct denet_summary *s, int field, int64_t *ret_steps) {
        (void)field;
        *ret_steps = (int64_t)s->samples;
        return true;
}

static bool max_processes(const struct denet_summary *s, int field, int64_t *ret_steps) {
        if (!greatest_of(s, field, ret_steps))
                *ret_steps = 0;
        if (*ret_steps == 0)
                *ret_steps = s->samples > 0; /* a flat sample is of one process; a short run may end before the first */
        return true;
}

static bool peak_memory(const struct denet_summary *s, int field, int64_t *ret_kb) {
        if (s->ended && s->exit.peak_rss_kb >= 0) {
                *ret_kb = s->exit.peak_rss_kb;
                return true;
        }
        return greatest_of(s, field, ret_kb);
}

static bool peak_memory_at(const struct denet_summary *s, int field, int64_t *ret_us) {
        *ret_us = s->peak_at_us;
        /* The kernel's own peak of one process has no moment. */
        if (s->ended && s->exit.peak_rss_process_kb > s->exit.peak_rss_sum_kb)
                return false;
        return s->greatest->has >> field & 1;
}

static bool exit_code(const struct denet_summary *s, int field, int64_t *ret_steps) {
        (void)field;
        *ret_steps = s->exit.code;
        return s->ended && s->exit.code >= 0;
}

static bool exit_signal(const struct denet_summary *s, int field, int64_t *ret_steps) {
        (void)field;
        *ret_steps = s->exit.signal;
        return s->ended && s->exit.signal >= 0;
}

#define ENTRY(name, decimals, get, field) \
        { {name, sizeof(name) - 1}, decimals, get, DN_##field }
const struct dn_summary_entry dn_summary_entries[] = {
        ENTRY("total_time_secs", 6, total_time, NOTHING),
        ENTRY("sample_count", 0, sample_count, NOTHING),
        ENTRY("max_processes", 0, max_processes, process_count),
        ENTRY("max_threads", 0, greatest_of, thread_count),
        ENTRY("total_disk_read_bytes", 0, greatest_of, disk_read_bytes),
        ENTRY("total_disk_write_bytes", 0, greatest_of, disk_write_bytes),
        ENTRY("total_syscall_read_bytes", 0, greatest_of, syscall_read_bytes),
        ENTRY("total_syscall_write_bytes", 0, greatest_of, syscall_write_bytes),
        ENTRY("peak_page_faults_cached", 0, greatest_of, page_faults_cached),
        ENTRY("peak_page_faults_disk", 0, greatest_of, page_faults_disk),
        ENTRY("total_sys_net_rx_bytes", 0, greatest_of, sys_net_rx_bytes),
        ENTRY("total_sys_net_tx_bytes", 0, greatest_of, sys_net_tx_bytes),
        ENTRY("peak_mem_rss_kb", 0, peak_memory, mem_rss_kb),
        ENTRY("avg_cpu_usage", 2, mean_of, cpu_usage),
        ENTRY("cpu_user_secs", 6, greatest_of, cpu_user_secs),
        ENTRY("cpu_system_secs", 6, greatest_of, cpu_system_secs),
        ENTRY("peak_cpu_usage", 2, greatest_of, cpu_usage),
        ENTRY("peak_mem_at_secs", 6, peak_memory_at, mem_rss_kb),
        ENTRY("exit_code", 0, exit_code, NOTHING),
        ENTRY("signal", 0, exit_signal, NOTHING),
};
const int dn_summary_n_entries = DN_COUNT(dn_summary_entries);

struct denet_summary *dn_summary_new(void) {
        struct denet_summary *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->last = dn_row_new();
        s->greatest = dn_row_new();
        s->last_us = -1;
        return s->last && s->greatest ? s : dn_summary_free(s);
}

struct denet_summary *dn_summary_free(struct denet_summary *s) {
        if (s) {
                free(s->last);
                free(s->greatest);
                free(s->json);
                free(s);
        }
        return NULL;
}

/* Starts again: a tree after flat samples, which then were of something else. */
static void forget(struct denet_summary *s) {
        s->samples = 0;
        s->last_us = -1;
        s->before_span_us = 0;
        s->last->has = s->greatest->has = 0;
        s->energy = (struct dn_summary_energy){0};
        s->gpu = (struct dn_summary_gpu){0};
        s->memory = (struct dn_summary_memory){0};
        s->syscalls = (struct dn_summary_syscalls){0};
        memset(s->span_us, 0, sizeof(s->span_us));
        memset(s->area, 0, sizeof(s->area));
}

/* A rate over a far shorter time than the one before, as the last of a run often is, says little: in it the kernel's
 * clocks of ticks catch up. Its peak is that of the two together. */
static int64_t steady(const struct denet_summary *s, int id, int64_t value, int64_t span_us) {
        if (dn_fields[id].time != DN_MEAN || span_us <= 0 || span_us >= s->before_span_us / 2)
                return value;
        return (int64_t)(((__int128)value * span_us + (__int128)s->before_usage * s->before_span_us) /
                         ((__int128)span_us + s->before_span_us));
}

static void fold(struct denet_summary *s, int id, int64_t value, int64_t span_us, int64_t at_us) {
        int64_t so_far, peak = steady(s, id, value, span_us);

        dn_row_set(s->last, id, value, 0);
        if (!dn_row_get(s->greatest, id, &so_far) || peak > so_far) {
                dn_row_set(s->greatest, id, peak, 0);
                if (id == DN_mem_rss_kb)
                        s->peak_at_us = at_us;
        }
        /* A file may say anything; as long as the spans fit, so does the area. */
        if (span_us > 0 && !__builtin_add_overflow(s->span_us[id], span_us, &span_us)) {
                s->area[id] += (__int128)value * (span_us - s->span_us[id]);
                s->span_us[id] = span_us;
        }
}

static void add_sample(struct denet_summary *s, const struct denet_record *r) {
        const struct dn_row *whole = dn_sample_whole(r->sample);
        int64_t elapsed_us = r->sample->elapsed_us, before_us = s->last_us, at_us, span_us;

        if (!whole || (r->kind != DN_TREE && s->trees))
                return;
        if (r->kind == DN_TREE && !s->trees) {
                forget(s);
                before_us = -1;
                s->trees = true;
        }
        if (s->samples == 0)
                s->first_ms = r->unix_ms;
        at_us = elapsed_us >= 0 ? elapsed_us : (r->unix_ms - s->first_ms) * 1000;
        if (elapsed_us >= 0)
                span_us = elapsed_us - (before_us >= 0 ? before_us : 0);
        else
                span_us = s->samples ? (r->unix_ms - s->last_ms) * 1000 : 0;
        for (uint64_t has = whole->has; has; has &= has - 1) {
                int id = __builtin_ctzll(has);

                fold(s, id, whole->v[id], span_us, at_us);
        }
        dn_summary_energy_add(&s->energy, r);
        dn_summary_gpu_add(&s->gpu, r, span_us);
        dn_summary_memory_add(&s->memory, r, span_us);
        dn_summary_syscalls_add(&s->syscalls, r);
        s->before_usage = dn_row_or_zero(whole, DN_cpu_usage);
        s->before_span_us = span_us;
        s->samples++;
        s->last_ms = r->unix_ms;
        s->last_us = elapsed_us;
}

/* The totals are exact where the samples end before the end does. */
static void add_exit(struct denet_summary *s, const struct denet_record *r) {
        const struct dn_row *whole = r->sample ? dn_sample_whole(r->sample) : NULL;

        s->ended = true;
        s->exit = *r->exit;
        s->exit.lower_bound = (struct dn_str){0}; /* the record's, and soon gone */
        for (uint64_t has = whole ? whole->has : 0; has; has &= has - 1) {
                int id = __builtin_ctzll(has);

                if (dn_fields[id].nature == DN_COUNTER)
                        fold(s, id, whole->v[id], 0, 0);
        }
        if (!r->sample)
                return;
        dn_summary_energy_add(&s->energy, r);
        dn_summary_gpu_add(&s->gpu, r, 0);
        dn_summary_memory_add(&s->memory, r, 0);
        dn_summary_syscalls_add(&s->syscalls, r);
}

int dn_summary_add(struct denet_summary *s, const struct denet_record *r) {
        free(s->json);
        s->json = NULL;
        if (r->kind == DN_EXIT && r->exit)
                add_exit(s, r);
        else if (r->sample)
                add_sample(s, r);
        return 0;
}

/* -------------------------------------------------------------------------------------------------------- blocks */

static bool has_energy(const struct denet_summary *s) {
        return s->energy.has;
}

static bool energy_at(const struct denet_summary *s, int i, struct dn_summary_value *ret_value) {
        int id = DN_FIRST_RAPL + i;

        if (dn_fields[id].part != DN_RAPL)
                return false;
        *ret_value = (struct dn_summary_value){dn_fields[id].name, s->energy.uj[i], dn_unit_decimals(DN_JOULES),
                                               s->energy.has >> i & 1};
        return true;
}

static bool has_gpu(const struct denet_summary *s) {
        return s->gpu.any;
}

static bool gpu_at(const struct denet_summary *s, int i, struct dn_summary_value *ret_value) {
        const struct dn_summary_gpu_entry *e = &dn_summary_gpu_entries[i];

        if (i >= dn_summary_gpu_n_entries)
                return false;
        *ret_value = (struct dn_summary_value){.name = e->name, .decimals = e->decimals};
        ret_value->known = e->get(&s->gpu, &ret_value->steps);
        return true;
}

static bool has_memory(const struct denet_summary *s) {
        return s->memory.any;
}

static bool memory_at(const struct denet_summary *s, int i, struct dn_summary_value *ret_value) {
        const struct dn_summary_memory_entry *e = &dn_summary_memory_entries[i];

        if (i >= dn_summary_memory_n_entries)
                return false;
        *ret_value = (struct dn_summary_value){.name = e->name, .decimals = DN_SUMMARY_MEMORY_DECIMALS};
        ret_value->known = e->get(&s->memory, &ret_value->steps);
        return true;
}

static struct dn_str verdict(const struct denet_summary *s) {
        return dn_verdict_name(dn_summary_memory_verdict(&s->memory));
}

static bool has_syscalls(const struct denet_summary *s) {
        return s->syscalls.has;
}

static bool syscalls_at(const struct denet_summary *s, int i, struct dn_summary_value *ret_value) {
        if (i >= DN_SUMMARY_SYSCALLS)
                return false;
        *ret_value = (struct dn_summary_value){dn_summary_syscalls_entries[i].name, s->syscalls.steps[i],
                                               dn_unit_decimals(dn_fields[dn_summary_syscalls_entries[i].field].unit),
                                               s->syscalls.has >> i & 1};
        return true;
}

const struct dn_summary_block dn_summary_blocks[] = {
        {.name = DN_STR("syscalls"), .is_there = has_syscalls, .at = syscalls_at},
        {.name = DN_STR("energy"), .is_there = has_energy, .at = energy_at},
        {.name = DN_STR("gpu"), .enabled = true, .is_there = has_gpu, .at = gpu_at},
        {.name = DN_STR("memory_characterization"),
         .is_there = has_memory,
         .at = memory_at,
         .text_name = DN_STR("verdict"),
         .text = verdict},
};
const int dn_summary_n_blocks = DN_COUNT(dn_summary_blocks);

struct dn_str dn_summary_behaves(const struct denet_summary *s) {
        int64_t mean_cpu_centi = 0;

        (void)mean_of(s, DN_cpu_usage, &mean_cpu_centi);
        return dn_summary_behaviour(&s->syscalls, mean_cpu_centi);
}

static int get_in(const struct denet_summary *s, const struct dn_summary_block *block, struct dn_str name,
                  int64_t *ret_steps, int *ret_decimals) {
        struct dn_summary_value value;

        for (int i = 0; block->at(s, i, &value); i++) {
                if (!dn_str_equal(value.name, name))
                        continue;
                if (!value.known || !block->is_there(s))
                        return -ENODATA;
                *ret_steps = value.steps;
                *ret_decimals = value.decimals;
                return 0;
        }
        return -ENOENT;
}

int dn_summary_get(const struct denet_summary *s, struct dn_str name, int64_t *ret_steps, int *ret_decimals) {
        struct dn_str rest = name, block;

        if (dn_str_cut(&rest, '.', &block))
                for (int i = 0; i < dn_summary_n_blocks; i++)
                        if (dn_str_equal(dn_summary_blocks[i].name, block))
                                return get_in(s, &dn_summary_blocks[i], rest, ret_steps, ret_decimals);
        for (int i = 0; i < dn_summary_n_entries; i++) {
                const struct dn_summary_entry *e = &dn_summary_entries[i];

                if (!dn_str_equal(e->name, name))
                        continue;
                if (!e->get(s, e->field, ret_steps))
                        return -ENODATA;
                *ret_decimals = e->decimals;
                return 0;
        }
        return -ENOENT;
}
