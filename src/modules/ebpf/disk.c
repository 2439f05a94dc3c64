/* SPDX-License-Identifier: GPL-3.0-or-later
 * What block devices were asked for, by whom, and how long they took. */
#include "modules/ebpf/ebpf.h"

#include "denet.skel.h"
#include <bpf/libbpf.h>
#include <errno.h>

int dn_ebpf_disk_open(struct dn_ebpf *e) {
        return dn_ebpf_by_process_open(&e->blocks, sizeof(struct dn_bpf_blocks));
}

static int put_sums(const struct dn_bpf_shared *s, struct dn_pass *pass) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_DISK);
        const struct {
                int id;
                uint64_t value;
        } values[] = {
                {DN_DISK_read_bytes, s->blocks.read_bytes},
                {DN_DISK_write_bytes, s->blocks.write_bytes},
                {DN_DISK_reads, s->blocks.reads},
                {DN_DISK_writes, s->blocks.writes},
                {DN_DISK_discard_bytes, s->blocks.discard_bytes},
                {DN_DISK_discards, s->blocks.discards},
                {DN_DISK_flushes, s->blocks.flushes},
                {DN_DISK_latency_total_ns, s->latency.total_ns},
                {DN_DISK_latency_max_ns, s->latency.max_ns},
        };

        if (!row)
                return -ENOMEM;
        for (size_t i = 0; i < DN_COUNT(values); i++)
                dn_row_set(row, values[i].id, (int64_t)values[i].value, pass->now->number);
        return 0;
}

static int put_latencies(const struct dn_bpf_latency *l, struct dn_pass *pass) {
        uint32_t number = pass->now->number;

        pass->now->part[DN_DISK_LATENCY].n = 0;
        for (int i = 0; i < DN_BPF_LATENCIES; i++) {
                struct dn_row *row;

                if (l->reads[i] + l->writes[i] == 0)
                        continue;
                row = dn_block_add(pass->now->part, DN_DISK_LATENCY);
                if (!row)
                        return -ENOMEM;
                row->key.pid = i == 0 ? 0 : INT64_C(1) << (i - 1);
                if (i < DN_BPF_LATENCIES - 1)
                        dn_row_set(row, DN_DISK_LATENCY_to_us, INT64_C(1) << i, number);
                dn_row_set(row, DN_DISK_LATENCY_reads, (int64_t)l->reads[i], number);
                dn_row_set(row, DN_DISK_LATENCY_writes, (int64_t)l->writes[i], number);
        }
        return 0;
}

static int put_retired(const struct dn_bpf_blocks *b, struct dn_pass *pass) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_DISK_RETIRED);
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        dn_row_set(row, DN_DISK_RETIRED_read_bytes, (int64_t)b->read_bytes, number);
        dn_row_set(row, DN_DISK_RETIRED_write_bytes, (int64_t)b->write_bytes, number);
        dn_row_set(row, DN_DISK_RETIRED_reads, (int64_t)b->reads, number);
        dn_row_set(row, DN_DISK_RETIRED_writes, (int64_t)b->writes, number);
        return 0;
}

static int put_process(const struct dn_bpf_blocks *b, struct dn_pass *pass) {
        struct dn_row *row = dn_block_add(pass->now->part, DN_DISK_PROCESS);
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        row->key.pid = (int64_t)b->pid;
        dn_row_set(row, DN_DISK_PROCESS_read_bytes, (int64_t)b->read_bytes, number);
        dn_row_set(row, DN_DISK_PROCESS_write_bytes, (int64_t)b->write_bytes, number);
        dn_row_set(row, DN_DISK_PROCESS_reads, (int64_t)b->reads, number);
        dn_row_set(row, DN_DISK_PROCESS_writes, (int64_t)b->writes, number);
        return 0;
}

/* As of the network: the first snapshot has none. */
int dn_ebpf_disk_read(struct dn_ebpf *e, struct dn_pass *pass) {
        const struct dn_bpf_blocks *blocks = e->blocks.values;
        int r;

        if (pass->first)
                return 0;
        dn_ebpf_by_process_read(&e->blocks, bpf_map__fd(e->programs->maps.blocks));
        pass->now->part[DN_DISK_PROCESS].n = 0;
        r = put_sums(e->shared, pass);
        if (r == 0)
                r = put_latencies(&e->shared->latency, pass);
        if (r == 0)
                r = put_retired(&e->shared->blocks_before, pass);
        for (uint32_t i = 0; i < e->blocks.n && r == 0; i++)
                r = put_process(&blocks[i], pass);
        return r;
}
