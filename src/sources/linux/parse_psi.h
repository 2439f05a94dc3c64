/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "base/str.h"

/* /proc/pressure/RESOURCE or a cgroup's RESOURCE.pressure (Documentation/accounting/psi.rst): how much of the last ten
 * seconds was stalled, in hundredths of a percent, and how long it was in all. */
struct dn_psi {
        uint64_t some_avg10_centi, some_total_usec;
        bool has_full; /* of cpu before Linux 5.13 there is none */
        uint64_t full_avg10_centi, full_total_usec;
};

/* 0, or -EBADMSG; *ret_psi is then untouched. */
int dn_psi_parse(struct dn_str file, struct dn_psi *ret_psi);
