/* SPDX-License-Identifier: GPL-3.0-or-later
 * Capabilities that this thread may have, taken up for a while: capget(2), capset(2). */
#pragma once
#include <stdint.h>

/* The effective set as it was, for dn_lower. */
struct dn_raised {
        uint32_t effective[2];
        int changed;
};

/* CAP_BPF and CAP_PERFMON, as far as they are permitted. */
struct dn_raised dn_raise(void);
void dn_lower(const struct dn_raised *before);
