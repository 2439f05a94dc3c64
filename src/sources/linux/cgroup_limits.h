/* SPDX-License-Identifier: GPL-3.0-or-later
 * The limits that hold for a cgroup: its own and those of the cgroups above, and how near each is. Which there are is
 * found out once; how high they are is read each time. */
#pragma once
#include "host/cgroup.h"

struct dn_limit {
        uint64_t limit, used; /* bytes but for what is only page cache, or processes and threads */
        bool above;           /* of a cgroup above, which others may be in too */
};

struct dn_limits;

int dn_limits_open(struct dn_limits **ret_limits, const struct dn_cgroup *cgroup); /* 0 or -ENOMEM */
void dn_limits_close(struct dn_limits *limits);                                    /* NULL is fine */

/* The one that is nearest to being reached. False where there is none. */
bool dn_limits_memory(struct dn_limits *limits, struct dn_limit *ret_limit);
bool dn_limits_pids(struct dn_limits *limits, struct dn_limit *ret_limit);
