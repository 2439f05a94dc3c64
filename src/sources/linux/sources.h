/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sources of this platform, one file each; all.linux.c has their order. */
#pragma once
#include "sources/source.h"

extern const struct dn_source dn_source_reap, dn_source_tree, dn_source_process, dn_source_process_slow,
        dn_source_network, dn_source_cgroup, dn_source_psi, dn_source_perf, dn_source_energy, dn_source_gpu,
        dn_source_sampler;
