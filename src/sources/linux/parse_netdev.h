/* SPDX-License-Identifier: GPL-3.0-or-later
 * /proc/net/dev, proc_net(5): two lines of heads, then one for each interface. */
#pragma once
#include "base/str.h"

struct dn_netdev {
        struct dn_str name; /* within the file */
        uint64_t rx_bytes, tx_bytes;
};

/* Cuts the heads off. 0 or -EBADMSG. */
int dn_netdev_begin(struct dn_str *rest);
/* Cuts the next interface off. 1; 0: there is none; -EBADMSG. */
int dn_netdev_next(struct dn_str *rest, struct dn_netdev *ret_netdev);

static inline bool dn_netdev_is_loopback(const struct dn_netdev *netdev) {
        return dn_str_equal(netdev->name, DN_STR("lo"));
}
