/* SPDX-License-Identifier: GPL-3.0-or-later
 * Memory, and how the kernel deals with it. */
#pragma once
#include "base/json_write.h"

/* memory {total_kb, swap_total_kb, swappiness, overcommit_memory, zone_reclaim_mode, numa_balancing,
 * huge_pages [{size_kb, total, free}]}. */
void dn_env_memory(struct dn_json *json, int proc, int sys);
