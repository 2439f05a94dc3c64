/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/legacy.h"
#include "model/record.h"

#include <errno.h>

int dn_legacy_kind(const struct dn_shape *shape) {
        if (shape->tree)
                return DN_TREE;
        if (shape->command)
                return DN_METADATA;
        if (shape->fields)
                return shape->count ? DN_AGGREGATED : DN_SAMPLE;
        return 0;
}

int dn_legacy_field(struct dn_str name) {
        if (dn_str_equal(name, DN_STR("net_rx_bytes")))
                return DN_sys_net_rx_bytes;
        if (dn_str_equal(name, DN_STR("net_tx_bytes")))
                return DN_sys_net_tx_bytes;
        return -ENOENT;
}
