/* SPDX-License-Identifier: GPL-3.0-or-later
 * A device of NVIDIA's, and one reading of it. Of nvml.c. */
#pragma once
#include "sources/gpu/nvml_process.h"

struct dn_nvml_traffic {
        bool begun;
        uint64_t last, total;
};

struct dn_nvml_state {
        dn_nvml_handle handle;
        char name[DN_GPU_NAME];
        int64_t index, part;
        uint32_t without; /* a bit for each call that it said not to have */
        int lost;         /* the library's result that says so; 0: it is not */
        bool counted;     /* the driver keeps count of its energy, from first_mj on … */
        bool metered;     /* … or does not, and its power is added up */
        unsigned long long first_mj;
        struct dn_gpu_meter meter;
        struct dn_gpu_share share;
        struct dn_nvml_traffic rx, tx;
        int64_t rate_ns;    /* when the rates were read */
        int64_t sampled_ns; /* when there were new samples */
        unsigned long long after_us;
        int64_t busy_centi, all_centi; /* of the last samples */
};

/* Appends it, unless it turns out to be lost. *blind is set where the tree's part cannot be told from inside this PID
 * namespace. 0 or -ENOMEM. */
int dn_nvml_read_device(const struct dn_nvml_api *api, struct dn_nvml_state *d, struct dn_nvml_lists *lists,
                        const struct dn_gpu_tree *tree, struct dn_gpu_reading *reading, bool *blind);
