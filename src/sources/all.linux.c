/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/sources.h"

/* Who has ended and who is new come before what each has used. */
const struct dn_source *const dn_sources[] = {
        &dn_source_reap,
        &dn_source_tree,
        &dn_source_process,
        &dn_source_process_slow,
        &dn_source_network,
        &dn_source_cgroup,
        &dn_source_psi,
        &dn_source_perf,
        &dn_source_energy,
        &dn_source_gpu,
        NULL,
};

const struct dn_source *const dn_sampler_source = &dn_source_sampler;
