/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the summary is put together from. */
#pragma once
#include "cli/closing.h"

/* What its lines are made of, looked up once. */
struct dn_closing_numbers {
        double time, cores, peak_cores, user, system, peak_kb, peak_at, processes, threads, samples;
        double read, written, disk_read, disk_written, net_in, net_out;
        double gpus, gpu_total_gb, gpu_used_gb, gpu_peak, gpu_mean, gpu_joules, gpu_tree_joules;
        double joules, tree_joules, ipc, miss_rate, stall_ratio;
        bool has_gpu, has_gpu_mean, has_gpu_energy, has_gpu_tree_energy;
        bool has_energy, has_tree_energy, has_ipc, has_miss_rate, has_stall_ratio;
        bool has_cpu, has_memory, has_io, has_disk, has_net;
};

#define DN_BOLD "\033[1m"
#define DN_DIM "\033[2m"
#define DN_RED "\033[31m"
#define DN_YELLOW "\033[33m"
#define DN_PLAIN "\033[0m"

static inline void dn_closing_style(struct dn_text *text, const struct dn_closing *how, const char *sgr) {
        if (how->colour)
                dn_text_put(text, dn_str_of(sgr));
}

/* From here on what would be a line of its own continues the one before, and the table has more columns. */
enum { DN_CLOSING_WIDE = 140 };

static inline bool dn_closing_wide(const struct dn_closing *how) {
        return how->columns >= DN_CLOSING_WIDE;
}

/* What happened, what could not be measured, and where the records are. */
void dn_closing_put_notes(struct dn_text *text, const struct dn_report *r, const struct dn_closing_numbers *n,
                          const struct dn_closing *how);

/* By command. At most `room` lines, the empty one before it not among them; nothing where that is too few. */
void dn_closing_put_table(struct dn_text *text, struct dn_report *r, const struct dn_closing_numbers *n,
                          const struct dn_closing *how, int room);
