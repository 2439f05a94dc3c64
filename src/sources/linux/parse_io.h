/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "base/str.h"

/* /proc/PID/io: bytes and calls of the whole thread group and of the children that it has waited for. */
struct dn_io {
        uint64_t rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes;
};

/* 0, or -EBADMSG when a line is missing or no number. */
int dn_io_parse(struct dn_str file, struct dn_io *ret_io);
