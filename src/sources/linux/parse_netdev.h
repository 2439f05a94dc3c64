/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "base/str.h"

/* /proc/net/dev: bytes of all interfaces but the loopback. */
struct dn_netdev {
        uint64_t rx_bytes, tx_bytes;
};

/* 0, or -EBADMSG. */
int dn_netdev_parse(struct dn_str file, struct dn_netdev *ret_netdev);
