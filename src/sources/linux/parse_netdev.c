/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_netdev.h"

#include <errno.h>

int dn_netdev_begin(struct dn_str *rest) {
        struct dn_str file = *rest, line;

        if (!dn_str_cut(&file, '\n', &line) || !dn_str_starts(line, DN_STR("Inter-|")) ||
            !dn_str_cut(&file, '\n', &line))
                return -EBADMSG;
        *rest = file;
        return 0;
}

/* The transmitted bytes are the ninth number of a line, the received the first. */
static bool take_numbers(struct dn_str numbers, struct dn_netdev *n) {
        uint64_t value;

        for (int i = 0; i < 9; i++) {
                if (!dn_str_take_u64(&numbers, &value))
                        return false;
                if (i == 0)
                        n->rx_bytes = value;
        }
        n->tx_bytes = value;
        return true;
}

int dn_netdev_next(struct dn_str *rest, struct dn_netdev *ret_netdev) {
        struct dn_netdev n = {0};
        struct dn_str line;

        if (!dn_str_cut(rest, '\n', &line))
                return 0;
        if (!dn_str_cut(&line, ':', &n.name))
                return -EBADMSG;
        n.name = dn_str_trim(n.name);
        if (n.name.n == 0 || !take_numbers(line, &n))
                return -EBADMSG;
        *ret_netdev = n;
        return 1;
}
