/* SPDX-License-Identifier: GPL-3.0-or-later
 * The source `rapl`, for tests: over another /sys. */
#pragma once
#include "sources/source.h"

/* The state of dn_source_energy. 0, or -errno and why, as source.h has it. */
int dn_energy_begin(void **ret_state, struct dn_target *t, int sys, struct dn_text *why);

/* Of the energy what the tree is taken to have used: its share of the time in which CPUs were at work. */
uint64_t dn_energy_share(uint64_t energy_uj, int64_t tree_us, int64_t busy_us);
