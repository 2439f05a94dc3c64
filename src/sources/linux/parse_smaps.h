/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "base/str.h"

/* /proc/PID/smaps_rollup, in KiB. */
struct dn_smaps {
        int64_t pss_kb, uss_kb; /* uss: Private_Clean + Private_Dirty, and what is private of huge pages */
};

/* 0, or -EBADMSG: a line is missing (a process that has no memory any more gives an empty file). */
int dn_smaps_parse(struct dn_str file, struct dn_smaps *ret_smaps);
