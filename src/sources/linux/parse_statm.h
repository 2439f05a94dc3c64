/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "base/str.h"

/* /proc/PID/statm, in pages. */
struct dn_statm {
        uint64_t size_pages, resident_pages;
};

/* 0, or -EBADMSG. */
int dn_statm_parse(struct dn_str line, struct dn_statm *ret_statm);
