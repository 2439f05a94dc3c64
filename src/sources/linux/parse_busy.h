/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "base/str.h"

/* The first line of /proc/stat: for how long all CPUs together were at work, in clock ticks. proc_stat(5). Neither idle
 * time, nor that for a disk, nor what a hypervisor took. */
struct dn_busy {
        uint64_t busy_ticks;
};

/* 0, or -EBADMSG. */
int dn_busy_parse(struct dn_str text, struct dn_busy *ret_busy);
