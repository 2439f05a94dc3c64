/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bytes through sockets: of all, of each process that lives, of those that have ended. */
#include "modules/ebpf/ebpf.h"

#include "denet.skel.h"
#include <bpf/libbpf.h>
#include <errno.h>

int dn_ebpf_net_open(struct dn_ebpf *e) {
        return dn_ebpf_by_process_open(&e->traffic, sizeof(struct dn_bpf_traffic));
}

static int64_t of_internet(const __u64 bytes[DN_BPF_SOCKETS]) {
        return (int64_t)(bytes[DN_BPF_TCP] + bytes[DN_BPF_UDP] + bytes[DN_BPF_INET]);
}

static int put_sums(const struct dn_bpf_shared *s, struct dn_pass *pass) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_NETWORK);
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        dn_row_set(row, DN_NETWORK_rx_bytes, of_internet(s->received), number);
        dn_row_set(row, DN_NETWORK_tx_bytes, of_internet(s->sent), number);
        dn_row_set(row, DN_NETWORK_tcp_rx_bytes, (int64_t)s->received[DN_BPF_TCP], number);
        dn_row_set(row, DN_NETWORK_tcp_tx_bytes, (int64_t)s->sent[DN_BPF_TCP], number);
        dn_row_set(row, DN_NETWORK_udp_rx_bytes, (int64_t)s->received[DN_BPF_UDP], number);
        dn_row_set(row, DN_NETWORK_udp_tx_bytes, (int64_t)s->sent[DN_BPF_UDP], number);
        dn_row_set(row, DN_NETWORK_unix_rx_bytes, (int64_t)s->received[DN_BPF_UNIX], number);
        dn_row_set(row, DN_NETWORK_unix_tx_bytes, (int64_t)s->sent[DN_BPF_UNIX], number);
        return 0;
}

static int put_retired(const struct dn_bpf_shared *s, struct dn_pass *pass) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_NETWORK_RETIRED);
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        dn_row_set(row, DN_NETWORK_RETIRED_rx_bytes, of_internet(s->received_before), number);
        dn_row_set(row, DN_NETWORK_RETIRED_tx_bytes, of_internet(s->sent_before), number);
        dn_row_set(row, DN_NETWORK_RETIRED_unix_rx_bytes, (int64_t)s->received_before[DN_BPF_UNIX], number);
        dn_row_set(row, DN_NETWORK_RETIRED_unix_tx_bytes, (int64_t)s->sent_before[DN_BPF_UNIX], number);
        return 0;
}

static int put_process(const struct dn_bpf_traffic *traffic, struct dn_pass *pass) {
        struct dn_row *row = dn_block_add(pass->now->part, DN_NETWORK_PROCESS);
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        row->key.pid = (int64_t)traffic->pid;
        dn_row_set(row, DN_NETWORK_PROCESS_rx_bytes, of_internet(traffic->received), number);
        dn_row_set(row, DN_NETWORK_PROCESS_tx_bytes, of_internet(traffic->sent), number);
        dn_row_set(row, DN_NETWORK_PROCESS_unix_rx_bytes, (int64_t)traffic->received[DN_BPF_UNIX], number);
        dn_row_set(row, DN_NETWORK_PROCESS_unix_tx_bytes, (int64_t)traffic->sent[DN_BPF_UNIX], number);
        return 0;
}

/* The programs have counted from 0: the first snapshot, which counters are counted from, has none. */
int dn_ebpf_net_read(struct dn_ebpf *e, struct dn_pass *pass) {
        const struct dn_bpf_traffic *traffic = e->traffic.values;
        int r;

        if (pass->first)
                return 0;
        dn_ebpf_by_process_read(&e->traffic, bpf_map__fd(e->programs->maps.traffic));
        pass->now->part[DN_NETWORK_PROCESS].n = 0;
        r = put_sums(e->shared, pass);
        if (r == 0)
                r = put_retired(e->shared, pass);
        for (uint32_t i = 0; i < e->traffic.n && r == 0; i++)
                r = put_process(&traffic[i], pass);
        return r;
}
