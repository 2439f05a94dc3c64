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

void dn_legacy_tag(struct dn_text *text, int kind, struct dn_str line) {
        struct dn_str rest = dn_str_trim((struct dn_str){line.p + 1, line.n - 1});

        dn_text_reset(text);
        dn_text_put(text, DN_STR("{\"kind\":\""));
        dn_text_put(text, kind == DN_TREE       ? DN_STR("tree")
                          : kind == DN_METADATA ? DN_STR("metadata")
                          : kind == DN_SAMPLE   ? DN_STR("sample")
                                                : DN_STR("aggregated"));
        dn_text_put(text, DN_STR("\","));
        dn_text_put(text, rest); /* it has members, or it had no kind */
}
