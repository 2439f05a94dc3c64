/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_netdev.h"

#include <errno.h>

/* The transmitted bytes are the ninth number of a line, the received the first. */
static bool take_line(struct dn_str numbers, struct dn_netdev *sum) {
        uint64_t value, rx = 0;

        for (int i = 0; i < 9; i++) {
                if (!dn_str_take_u64(&numbers, &value))
                        return false;
                if (i == 0)
                        rx = value;
        }
        sum->rx_bytes += rx;
        sum->tx_bytes += value;
        return true;
}

int dn_netdev_parse(struct dn_str file, struct dn_netdev *ret_netdev) {
        struct dn_netdev sum = {0};
        struct dn_str line, name;

        if (!dn_str_cut(&file, '\n', &line) || !dn_str_starts(line, DN_STR("Inter-|")) ||
            !dn_str_cut(&file, '\n', &line))
                return -EBADMSG;
        while (dn_str_cut(&file, '\n', &line)) {
                if (!dn_str_cut(&line, ':', &name))
                        return -EBADMSG;
                if (!dn_str_equal(dn_str_trim(name), DN_STR("lo")) && !take_line(line, &sum))
                        return -EBADMSG;
        }
        if ((sum.rx_bytes | sum.tx_bytes) >> 61)
                return -EBADMSG;
        *ret_netdev = sum;
        return 0;
}
