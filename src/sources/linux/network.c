/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes of the main process's network namespace: everybody's in it. Not in every pass: the kernel makes the text of all
 * interfaces anew for each reading. The file is held open, so it can be read once more when the process has ended. */
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/interfaces.h"
#include "sources/linux/procfs.h"
#include "sources/linux/sources.h"

#include <fcntl.h>

enum { FILE_MAX = 16 << 20 };

struct network {
        struct dn_target *target;
        int fd; /* -1: not open yet */
        struct dn_interfaces interfaces;
        bool known;  /* there is a first reading, which all is counted from */
        bool handed; /* the process has ended, and what its namespace had then is in the ledger */
        int64_t due_ns;
};

static void network_close(void *state) {
        struct network *network = state;

        dn_guard_close(&network->fd);
        dn_interfaces_free(&network->interfaces);
        free(network);
}

static int network_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct network *network = calloc(1, sizeof(*network));

        (void)why;
        if (!network)
                return -ENOMEM;
        network->target = t;
        network->fd = -1;
        *ret_state = network;
        return 0;
}

/* 0, or -errno: what was last known stands. */
static int read_bytes(struct network *network) {
        /* Of many interfaces the kernel gives a page at a time. */
        dn_autotext struct dn_text file = {0};
        int r = network->fd < 0 ? -EBADF : lseek(network->fd, 0, SEEK_SET) < 0 ? -errno : 0;

        if (r == 0)
                r = dn_file_append_fd(network->fd, FILE_MAX, &file);
        return r < 0 ? r : dn_interfaces_take(&network->interfaces, dn_text_str(&file));
}

static void hold(struct network *network, uint32_t slot) {
        struct dn_procfs *p = network->target->procfs;

        network->fd = dn_procfs_open_at(p, slot, "net/dev");
        if (network->fd < 0)
                network->fd = openat(p->root, "net/dev", O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static int network_read(void *state, struct dn_pass *pass) {
        struct network *network = state;
        const struct dn_interfaces *sums = &network->interfaces;
        struct dn_row *row = NULL;

        if (pass->mono_ns >= network->due_ns || pass->final)
                row = dn_snapshot_find(pass->now, network->target->main);
        if (!row || dn_row_ended(row))
                return 0;
        network->due_ns = pass->mono_ns + dn_pass_pace_ns(pass);
        if (network->fd < 0)
                hold(network, row->slot);
        if (read_bytes(network) < 0)
                return 0;
        network->known = true;
        dn_row_set(row, DN_sys_net_rx_bytes, (int64_t)sums->rx_bytes, pass->now->number);
        dn_row_set(row, DN_sys_net_tx_bytes, (int64_t)sums->tx_bytes, pass->now->number);
        return 0;
}

/* Of one that was waited for there is no row any more. */
static int network_drain(void *state, struct dn_ledger *l, int64_t until_ns) {
        struct network *network = state;
        const struct dn_interfaces *sums = &network->interfaces;
        int r;

        (void)until_ns;
        if (!network->known || !network->target->ended || network->handed)
                return 0;
        network->handed = true;
        (void)read_bytes(network);
        r = dn_ledger_add(l, DN_sys_net_rx_bytes, (int64_t)sums->rx_bytes);
        return r < 0 ? r : dn_ledger_add(l, DN_sys_net_tx_bytes, (int64_t)sums->tx_bytes);
}

const struct dn_source dn_source_network = {
        .open = network_open,
        .drain = network_drain,
        .read = network_read,
        .close = network_close,
};
