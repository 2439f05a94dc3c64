/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who is on an NVIDIA device, and what of that is the tree's. */
#pragma once
#include "sources/gpu/gpu.h"
#include "sources/gpu/nvml_api.h"

/* Kept from reading to reading, so that nothing is allocated in most. Begins zeroed. */
struct dn_nvml_lists {
        struct dn_nvml_process *processes; /* each pid once, in rising order */
        unsigned n, room;
        struct dn_nvml_sample *samples;
        unsigned n_samples, samples_room;
        struct dn_nvml_process_v1 *older;
        unsigned older_room;
};
void dn_nvml_lists_free(struct dn_nvml_lists *l);

/* All that have a context on the device, of whatever kind. A result of the library, or -ENOMEM. */
int dn_nvml_list_processes(const struct dn_nvml_api *api, dn_nvml_handle device, struct dn_nvml_lists *l);

/* The samples of processes' use that are newer than *after_us, which moves on. Likewise; none is NOT_FOUND. */
int dn_nvml_list_samples(const struct dn_nvml_api *api, dn_nvml_handle device, struct dn_nvml_lists *l,
                         unsigned long long *after_us);

struct dn_nvml_part {
        bool unknown;         /* the driver tells numbers of another PID namespace, and the tree may be among them */
        bool memory_unknown;  /* of one of its processes */
        int64_t memory_bytes; /* the tree's */
        uint32_t n;           /* how many of the processes are the tree's */
        int64_t busy_centi, all_centi; /* of the samples: the tree's, everybody's */
};
/* What the lists say of the tree. */
void dn_nvml_fold(const struct dn_nvml_lists *l, const struct dn_gpu_tree *tree, struct dn_nvml_part *ret_part);
