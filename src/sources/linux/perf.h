/* SPDX-License-Identifier: GPL-3.0-or-later
 * The source `perf_hw`, for tests: over another kernel and another /sys. */
#pragma once
#include "sources/linux/perf_count.h"
#include "sources/source.h"

/* The state of dn_source_perf. Of a child of ours, which is held, counting begins with its exec; of others with the
 * first pass. 0 or -ENOMEM: what may not be counted its `can` says. */
int dn_perf_begin(void **ret_state, struct dn_target *t, const struct dn_perf_kernel *k, int sys);
