/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes of the main process's network namespace: everybody's in it. */
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/parse_netdev.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"

#include <errno.h>

enum { FILE_MAX = 16 << 20 };

static int network_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        (void)why;
        *ret_state = t;
        return 0;
}

static int network_read(void *state, struct dn_pass *pass) {
        struct dn_target *t = state;
        struct dn_row *row = dn_snapshot_find(pass->now, t->main);
        /* Of many interfaces the kernel gives a page at a time. */
        dn_autotext struct dn_text file = {0};
        dn_autoclose int fd = -1;
        struct dn_netdev net;
        int r;

        if (!row || dn_row_ended(row))
                return 0;
        fd = dn_procfs_open_at(t->procfs, row->slot, "net/dev");
        r = fd < 0 ? fd : dn_file_append_fd(fd, FILE_MAX, &file);
        if (r < 0)
                r = dn_file_append(t->procfs->root, "net/dev", FILE_MAX, &file);
        if (r < 0 || dn_netdev_parse(dn_text_str(&file), &net) < 0)
                return r == -ENOMEM ? r : 0;
        dn_row_set(row, DN_sys_net_rx_bytes, (int64_t)net.rx_bytes, pass->now->number);
        dn_row_set(row, DN_sys_net_tx_bytes, (int64_t)net.tx_bytes, pass->now->number);
        return 0;
}

const struct dn_source dn_source_network = {.open = network_open, .read = network_read};
