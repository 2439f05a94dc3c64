/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the GPUs of a run come to: the summary's block `gpu`. */
#pragma once
#include "model/record.h"

struct dn_summary_gpu {
        bool any; /* a record had the block */
        bool has_energy, has_tree_energy;
        int64_t devices, total_bytes, peak_used_bytes, tree_bytes;
        int64_t most_centi, tree_most_centi; /* hundredths of a percent */
        __int128 area;                       /* of the busiest device, by time … */
        int64_t span_us;                     /* … and how long that was known */
        int64_t energy_uj, tree_energy_uj;
};

/* `span_us`: how long the sample stands for; of an exit record nothing, and its energy is the total. */
void dn_summary_gpu_add(struct dn_summary_gpu *g, const struct denet_record *r, int64_t span_us);

struct dn_summary_gpu_entry {
        struct dn_str name;
        int decimals;
        bool (*get)(const struct dn_summary_gpu *g, int64_t *ret_steps);
};
extern const struct dn_summary_gpu_entry dn_summary_gpu_entries[];
extern const int dn_summary_gpu_n_entries;
