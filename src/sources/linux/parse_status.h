/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "base/str.h"

/* /proc/PID/status; -1 where a line is missing: a zombie and a kernel thread have no Vm lines, old kernels not all. */
struct dn_status {
        int64_t hwm_kb, swap_kb;         /* VmHWM, VmSwap */
        int64_t voluntary, nonvoluntary; /* context switches of the thread that the file is of */
};

/* 0, or -EBADMSG where it is no such file. */
int dn_status_parse(struct dn_str file, struct dn_status *ret_status);
