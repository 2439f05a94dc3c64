/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes of the main process's network namespace: everybody's in it. Once a second, and at both ends: the kernel makes
 * the text of all interfaces anew for each reading. More often at first: when the main process has ended nothing can be
 * read any more, and of a short one a second is much. */
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/parse_netdev.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"

enum { FILE_MAX = 16 << 20 };
static const int64_t pace_ns = 1000000000;
enum { PART_OF_AGE = 10 }; /* of the time that is watched already, and no more often */

struct network {
        struct dn_target *target;
        int64_t began_ns, due_ns;
};

static int network_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct network *network = calloc(1, sizeof(*network));

        (void)why;
        if (!network)
                return -ENOMEM;
        network->target = t;
        *ret_state = network;
        return 0;
}

static int64_t pace_of(int64_t age_ns) {
        return age_ns / PART_OF_AGE < pace_ns ? age_ns / PART_OF_AGE : pace_ns;
}

static int network_read(void *state, struct dn_pass *pass) {
        struct network *network = state;
        struct dn_target *t = network->target;
        struct dn_row *row = NULL;
        /* Of many interfaces the kernel gives a page at a time. */
        dn_autotext struct dn_text file = {0};
        dn_autoclose int fd = -1;
        struct dn_netdev net;
        int r;

        if (pass->mono_ns >= network->due_ns || pass->final)
                row = dn_snapshot_find(pass->now, t->main);
        if (!row || dn_row_ended(row))
                return 0;
        if (pass->first)
                network->began_ns = pass->mono_ns;
        network->due_ns = pass->mono_ns + pace_of(pass->mono_ns - network->began_ns);
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

const struct dn_source dn_source_network = {.open = network_open, .read = network_read, .close = free};
