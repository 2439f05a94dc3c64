/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "cli/closing_parts.h"
#include "cli/fold.h"
#include "cli/names.h"
#include "cli/quantity.h"

static const double small_secs = 1; /* a shorter run has no course of its own */

/* What stands between a line and the one that continues it. */
static const char *continuation(const struct dn_closing *how) {
        return dn_closing_wide(how) ? "; " : "\n          ";
}

static bool get(const struct dn_report *r, const char *name, double *value) {
        *value = 0;
        return dn_report_number(r, name, value);
}

static void look_up(const struct dn_report *r, struct dn_closing_numbers *n) {
        double cpu;

        get(r, "total_time_secs", &n->time);
        n->has_cpu = get(r, "cpu_user_secs", &n->user);
        n->has_cpu &= get(r, "cpu_system_secs", &n->system);
        get(r, "avg_cpu_usage", &cpu);
        n->cores = n->has_cpu && n->time > 0 ? (n->user + n->system) / n->time : cpu / 100;
        get(r, "peak_cpu_usage", &cpu);
        n->peak_cores = cpu / 100;
        n->has_memory = get(r, "peak_mem_rss_kb", &n->peak_kb);
        get(r, "peak_mem_at_secs", &n->peak_at);
        n->has_io = get(r, "total_syscall_read_bytes", &n->read);
        n->has_io &= get(r, "total_syscall_write_bytes", &n->written);
        n->has_disk = get(r, "total_disk_read_bytes", &n->disk_read);
        n->has_disk &= get(r, "total_disk_write_bytes", &n->disk_written);
        n->has_net = get(r, "total_sys_net_rx_bytes", &n->net_in);
        n->has_net &= get(r, "total_sys_net_tx_bytes", &n->net_out);
        n->has_gpu = get(r, "gpu.device_count", &n->gpus) && r->gpu_name.n > 0;
        get(r, "gpu.total_memory_gb", &n->gpu_total_gb);
        get(r, "gpu.peak_used_memory_gb", &n->gpu_used_gb);
        get(r, "gpu.max_system_gpu_utilization", &n->gpu_peak);
        n->has_gpu_mean = get(r, "gpu.avg_system_gpu_utilization", &n->gpu_mean);
        n->has_gpu_energy = get(r, "gpu.package_joules", &n->gpu_joules);
        n->has_gpu_tree_energy = get(r, "gpu.process_joules", &n->gpu_tree_joules);
        n->has_energy = get(r, "energy.package_joules", &n->joules);
        n->has_tree_energy = get(r, "energy.process_joules", &n->tree_joules);
        n->has_ipc = get(r, "memory_characterization.mean_ipc", &n->ipc);
        n->has_miss_rate = get(r, "memory_characterization.llc_miss_rate", &n->miss_rate);
        n->has_stall_ratio = get(r, "memory_characterization.backend_stall_ratio", &n->stall_ratio);
        get(r, "max_processes", &n->processes);
        get(r, "max_threads", &n->threads);
        get(r, "sample_count", &n->samples);
}

static void put_signal(struct dn_text *text, int number) {
        const char *name = dn_signal_name(number);

        dn_text_printf(text, name ? "killed by signal %d (%s)" : "killed by signal %d", number, name);
}

static void put_headline(struct dn_text *text, const struct dn_report *r, const struct dn_closing_numbers *n,
                         const struct dn_closing *how) {
        bool bad = how->time_limit || r->signal > 0 || r->exit_code > 0;

        dn_text_put(text, DN_STR("denet: "));
        dn_closing_style(text, how, bad ? DN_RED : "");
        if (how->time_limit)
                dn_text_put(text, DN_STR("time limit"));
        else if (r->signal > 0)
                put_signal(text, (int)r->signal);
        else if (r->exit_code >= 0)
                dn_text_printf(text, "exit %lld", (long long)r->exit_code);
        else
                dn_text_put(text, how->interrupted ? DN_STR("interrupted")
                                  : r->ended       ? DN_STR("watched")
                                                   : DN_STR("no end was recorded"));
        if (bad)
                dn_closing_style(text, how, DN_PLAIN);
        dn_text_put(text, how->time_limit                                                       ? DN_STR(" ")
                          : r->exit_code < 0 && r->signal <= 0 && r->ended && !how->interrupted ? DN_STR(" for ")
                                                                                                : DN_STR(" after "));
        dn_closing_style(text, how, DN_BOLD);
        dn_put_seconds(text, n->time);
        dn_closing_style(text, how, DN_PLAIN);
        dn_text_put(text, how->time_limit ? DN_STR(", exit 124\n") : DN_STR("\n"));
}

static void put_cpu(struct dn_text *text, const struct dn_report *r, const struct dn_closing_numbers *n,
                    const struct dn_closing *how) {
        bool course = n->samples > 1 && n->time >= small_secs;

        dn_text_put(text, DN_STR("cpu       "));
        dn_closing_style(text, how, DN_BOLD);
        dn_put_cores(text, n->cores);
        dn_text_put(text, DN_STR(" cores"));
        dn_closing_style(text, how, DN_PLAIN);
        dn_text_put(text, DN_STR(" on average"));
        if (course) {
                dn_text_put(text, DN_STR(", peak "));
                dn_put_cores(text, n->peak_cores);
                if (r->cores > 0)
                        dn_text_printf(text, " of %lld", (long long)r->cores);
        }
        if (n->has_cpu) {
                dn_text_put(text, dn_str_of(course ? continuation(how) : "; "));
                dn_put_seconds(text, n->user);
                dn_text_put(text, DN_STR(" user, "));
                dn_put_seconds(text, n->system);
                dn_text_put(text, DN_STR(" system"));
        }
        dn_text_put_char(text, '\n');
}

/* Of equal ones that which was met first. */
static bool has_larger_part(const struct dn_group *a, const struct dn_group *b) {
        return a->part_kb > b->part_kb || (a->part_kb >= b->part_kb && a->order < b->order);
}

static const struct dn_group *largest_but(const struct dn_groups *groups, const struct dn_group *other) {
        const struct dn_group *largest = NULL;

        for (size_t i = 0; i < groups->n; i++) {
                const struct dn_group *g = &groups->list[i];

                if (g->part_processes > 0 && g != other && (!largest || has_larger_part(g, largest)))
                        largest = g;
        }
        return largest;
}

static void put_part(struct dn_text *text, const char *name, double kb) {
        dn_put_name(text, dn_str_of(name));
        dn_text_put_char(text, ' ');
        dn_put_bytes(text, kb * 1024);
}

/* samtools sort 11.2 GiB, bwa mem 2.84 GiB, 15 others 61.0 MiB: whose it was at the peak. Not where a process had more
 * than any sample saw, for then nobody knows. */
static void put_memory_parts(struct dn_text *text, const struct dn_costliest *c, const struct dn_closing_numbers *n,
                             const struct dn_closing *how) {
        const struct dn_groups *groups = &c->groups;
        const struct dn_group *first = largest_but(groups, NULL), *second = first ? largest_but(groups, first) : NULL;
        uint64_t others = 0;
        double kb = 0;

        if (!second || (double)c->peak_kb < n->peak_kb * 0.99)
                return;
        for (size_t i = 0; i < groups->n; i++)
                if (&groups->list[i] != first && &groups->list[i] != second) {
                        others += groups->list[i].part_processes;
                        kb += groups->list[i].part_kb;
                }
        dn_text_put(text, dn_str_of(continuation(how)));
        put_part(text, first->label, first->part_kb);
        dn_text_put(text, DN_STR(", "));
        put_part(text, second->label, second->part_kb);
        if (others > 0) {
                dn_text_printf(text, ", %llu ", (unsigned long long)others);
                put_part(text, others == 1 ? "other" : "others", kb);
        }
}

static void put_memory(struct dn_text *text, const struct dn_report *r, const struct dn_closing_numbers *n,
                       const struct dn_closing *how) {
        double share = r->memory_kb > 0 ? n->peak_kb / (double)r->memory_kb : 0;
        bool course = n->samples > 1 && n->time >= small_secs;

        dn_text_put(text, DN_STR("memory    "));
        dn_closing_style(text, how, DN_BOLD);
        dn_closing_style(text, how, share >= 0.9 ? DN_YELLOW : "");
        dn_put_bytes(text, n->peak_kb * 1024);
        dn_closing_style(text, how, DN_PLAIN);
        dn_text_put(text, DN_STR(" peak"));
        if (course && n->peak_at > 0) {
                dn_text_put(text, DN_STR(" at "));
                dn_put_seconds(text, n->peak_at);
        }
        if (share >= 0.01) {
                dn_text_printf(text, ", %.0f%% of ", share * 100);
                dn_put_bytes(text, (double)r->memory_kb * 1024);
        }
        if (course)
                put_memory_parts(text, &r->costliest, n, how);
        dn_text_put_char(text, '\n');
}

static void put_pair(struct dn_text *text, double a, const char *a_word, double b, const char *b_word) {
        dn_put_bytes(text, a);
        dn_text_printf(text, " %s", a_word);
        if (b >= 1) {
                dn_text_put(text, DN_STR(", "));
                dn_put_bytes(text, b);
                dn_text_printf(text, " %s", b_word);
        }
}

static void put_io(struct dn_text *text, const struct dn_closing_numbers *n) {
        if (n->read + n->written + n->disk_read + n->disk_written < 1)
                return;
        dn_text_put(text, DN_STR("i/o       "));
        put_pair(text, n->read, "read", n->disk_read, "from disk");
        dn_text_put(text, DN_STR("; "));
        put_pair(text, n->written, "written", n->disk_written, "to disk");
        dn_text_put_char(text, '\n');
}

/* The command's own where eBPF counted it; else everybody's. */
static void put_network(struct dn_text *text, const struct dn_report *r, const struct dn_closing_numbers *n) {
        bool own = r->kernel.has_network;
        double in = own ? r->kernel.received : n->net_in, out = own ? r->kernel.sent : n->net_out;

        if (in + out < 1)
                return;
        dn_text_put(text, DN_STR("network   "));
        dn_put_bytes(text, in);
        dn_text_put(text, DN_STR(" in, "));
        dn_put_bytes(text, out);
        dn_text_put(text, own ? DN_STR(" out\n") : DN_STR(" out (whole machine)\n"));
}

/* energy    41.2 J of the processors, the command's 30.1 J */
static void put_energy(struct dn_text *text, const struct dn_closing_numbers *n) {
        dn_text_put(text, DN_STR("energy    "));
        dn_put_joules(text, n->joules);
        dn_text_put(text, DN_STR(" of the processors"));
        if (n->has_tree_energy) {
                dn_text_put(text, DN_STR(", the command's "));
                dn_put_joules(text, n->tree_joules);
        }
        dn_text_put_char(text, '\n');
}

/* counters  1.83 instructions a cycle; 2.1% of accesses missed the cache; 12% of cycles stalled */
static void put_counters(struct dn_text *text, const struct dn_closing_numbers *n) {
        dn_text_printf(text, "counters  %.2f instructions a cycle", n->ipc);
        if (n->has_miss_rate)
                dn_text_printf(text, "; %.1f%% of accesses missed the cache", n->miss_rate * 100);
        if (n->has_stall_ratio)
                dn_text_printf(text, "; %.0f%% of cycles stalled", n->stall_ratio * 100);
        dn_text_put_char(text, '\n');
}

/* gpu       31.2 GiB peak of 80.0 GiB; 87% busy on average, peak 100% (1 A100) */
static void put_gpu(struct dn_text *text, const struct dn_report *r, const struct dn_closing_numbers *n) {
        const double gib = 1 << 30;

        dn_text_put(text, DN_STR("gpu       "));
        if (n->gpu_total_gb > 0) {
                dn_put_bytes(text, n->gpu_used_gb * gib);
                dn_text_put(text, DN_STR(" peak of "));
                dn_put_bytes(text, n->gpu_total_gb * gib);
                dn_text_put(text, DN_STR("; "));
        }
        if (n->has_gpu_mean)
                dn_text_printf(text, "%.0f%% busy on average, peak %.0f%% ", n->gpu_mean, n->gpu_peak);
        dn_text_printf(text, "(%.0f ", n->gpus);
        dn_put_name(text, dn_text_str(&r->gpu_name));
        dn_text_put_char(text, ')');
        if (n->has_gpu_energy) {
                dn_text_put(text, DN_STR("; "));
                dn_put_joules(text, n->gpu_joules);
        }
        if (n->has_gpu_energy && n->has_gpu_tree_energy) {
                dn_text_put(text, DN_STR(", the command's "));
                dn_put_joules(text, n->gpu_tree_joules);
        }
        dn_text_put_char(text, '\n');
}

static void put_tasks(struct dn_text *text, const struct dn_report *r, const struct dn_closing_numbers *n) {
        if ((r->processes_seen <= 1 && n->processes <= 1) || n->samples < 1)
                return;
        dn_text_put(text, DN_STR("tasks     "));
        if (r->processes_seen > 0)
                dn_text_printf(text, "%s%lld process%s, ",
                               r->missing.ebpf ? "" : "at least ", /* between two samples nobody counts */
                               (long long)r->processes_seen, r->processes_seen == 1 ? "" : "es");
        dn_text_printf(text, "%.0f at once; %.0f threads at once\n", n->processes, n->threads);
}

static void put_body(struct dn_text *text, const struct dn_report *r, const struct dn_closing_numbers *n,
                     const struct dn_closing *how) {
        if (n->has_cpu || n->samples > 0)
                put_cpu(text, r, n, how);
        if (n->has_memory)
                put_memory(text, r, n, how);
        if (n->has_io || n->has_disk)
                put_io(text, n);
        if (n->has_net || r->kernel.has_network)
                put_network(text, r, n);
        if (n->has_gpu)
                put_gpu(text, r, n);
        if (n->has_ipc)
                put_counters(text, n);
        if (n->has_energy)
                put_energy(text, n);
        dn_kernel_side_put_waits(text, &r->kernel);
        dn_kernel_side_put_calls(text, &r->kernel);
        put_tasks(text, r, n);
        dn_closing_put_notes(text, r, n, how);
}

void dn_closing_write(struct dn_text *text, struct dn_report *r, const struct dn_closing *how) {
        enum { FREE = 2, UNLIMITED = 1000, LABEL = 10 };
        int room = how->rows > 0 ? how->rows - FREE - 1 : UNLIMITED; /* the empty line before it is there already */
        dn_autotext struct dn_text lines = {0}, body = {0}, table = {0};
        struct dn_closing_numbers n = {0};
        bool roomy;

        look_up(r, &n);
        dn_costliest_finish(&r->costliest);
        put_headline(text, r, &n, how);
        put_body(&lines, r, &n, how);
        dn_fold_put(&body, dn_text_str(&lines), how->columns, LABEL);
        dn_closing_put_table(&table, r, &n, how, UNLIMITED);
        room -= 1 + dn_fold_count(dn_text_str(&body), how->columns);
        roomy = dn_fold_count(dn_text_str(&table), how->columns) + (table.n > 0) + 1 <= room;
        if (!roomy) {
                dn_text_reset(&table);
                dn_closing_put_table(&table, r, &n, how, room);
        }
        dn_text_put(text, roomy ? DN_STR("\n") : DN_STR(""));
        dn_text_put_text(text, &body);
        dn_text_put(text, roomy && table.n > 0 ? DN_STR("\n") : DN_STR(""));
        dn_text_put_text(text, &table);
        text->failed |= lines.failed || dn_report_failed(r);
}
