/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes of the main process's network namespace: everybody's in it. */
#include "base/file.h"
#include "sources/linux/parse_netdev.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"

#include <errno.h>

static int network_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        (void)why;
        *ret_state = t;
        return 0;
}

static int network_read(void *state, struct dn_pass *pass) {
        struct dn_target *t = state;
        struct dn_row *row = dn_snapshot_find(pass->now, t->main);
        char file[16384];
        struct dn_netdev net;
        int n;

        if (!row || dn_row_ended(row))
                return 0;
        n = dn_procfs_read_at(t->procfs, row->slot, "net/dev", file, sizeof(file));
        if (n < 0)
                n = dn_file_read(t->procfs->root, "net/dev", file, sizeof(file));
        if (n < 0 || dn_netdev_parse((struct dn_str){file, (size_t)n}, &net) < 0)
                return 0;
        dn_row_set(row, DN_sys_net_rx_bytes, (int64_t)net.rx_bytes, pass->now->number);
        dn_row_set(row, DN_sys_net_tx_bytes, (int64_t)net.tx_bytes, pass->now->number);
        return 0;
}

const struct dn_source dn_source_network = {.open = network_open, .read = network_read};
