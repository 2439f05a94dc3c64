/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * What members have block devices do: counted where a process hands it over, and timed from then until it is done. What
 * the kernel writes later by itself no process hands over. */
#pragma once
#include "tree.bpf.h"

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, DN_BPF_PROCESSES);
        __type(key, __u32); /* the process, as the kernel itself numbers it */
        __type(value, struct dn_bpf_blocks);
} blocks SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, DN_BPF_REQUESTS);
        __type(key, __u64); /* where the kernel has it */
        __type(value, struct dn_bpf_request);
} requests SEC(".maps");

/* The current process's; NULL for one that is ending: nothing would take its place away again. */
static __always_inline struct dn_bpf_blocks *blocks_of(const struct dn_bpf_thread *thread) {
        struct task_struct *task = bpf_get_current_task_btf();
        struct dn_bpf_blocks fresh = {.pid = thread->tgid}, *found;
        __u32 process = task->tgid;

        if (task->flags & PF_EXITING)
                return NULL;
        found = bpf_map_lookup_elem(&blocks, &process);
        if (found)
                return found;
        bpf_map_update_elem(&blocks, &process, &fresh, BPF_NOEXIST);
        found = bpf_map_lookup_elem(&blocks, &process);
        if (!found)
                ADD(shared.lost, 1);
        return found;
}

static __always_inline void count_blocks(struct dn_bpf_blocks *to, __u32 flags, __u64 bytes) {
        __u64 preflush = 1ULL << bpf_core_enum_value(enum req_flag_bits, __REQ_PREFLUSH);
        __u32 op = flags & REQ_OP_MASK;

        if (flags & preflush || op == REQ_OP_FLUSH)
                ADD(to->flushes, 1);
        if (op == REQ_OP_READ) {
                ADD(to->read_bytes, bytes);
                ADD(to->reads, 1);
        } else if ((op == REQ_OP_WRITE || op == REQ_OP_ZONE_APPEND) && bytes > 0) {
                ADD(to->write_bytes, bytes);
                ADD(to->writes, 1);
        } else if (op == REQ_OP_DISCARD || op == REQ_OP_SECURE_ERASE || op == REQ_OP_WRITE_ZEROES) {
                ADD(to->discard_bytes, bytes);
                ADD(to->discards, 1);
        }
}

/* A device that stands on others hands on copies: what they are of was counted. */
SEC("dn_tp/block_bio_queue")
int BPF_PROG(on_bio, struct bio *bio) {
        struct dn_bpf_thread *thread = current_thread();
        struct dn_bpf_blocks *process;

        if (!thread || bio->bi_flags & 1 << BIO_CLONED)
                return 0;
        count_blocks(&shared.blocks, bio->bi_opf, bio->bi_iter.bi_size);
        process = blocks_of(thread);
        count_blocks(process ? process : &shared.blocks_before, bio->bi_opf, bio->bi_iter.bi_size);
        return 0;
}

/* One that is merged into another is never done: its place may be another's by now, a member's or not. */
static __always_inline void begin_request(struct request *rq) {
        struct dn_bpf_request fresh = {.since_ns = bpf_ktime_get_ns()};
        __u32 op = rq->cmd_flags & REQ_OP_MASK;
        __u64 key = (__u64)rq;

        if (!current_thread() || (op != REQ_OP_READ && op != REQ_OP_WRITE)) {
                bpf_map_delete_elem(&requests, &key);
                return;
        }
        fresh.writes = op == REQ_OP_WRITE;
        if (failed(bpf_map_update_elem(&requests, &key, &fresh, BPF_ANY)))
                ADD(shared.lost, 1);
}

/* See dn_bpf_latency. */
static __always_inline __u32 latency_place(__u64 us) {
        __u32 place = 0;

        for (int bits = 32; bits > 0; bits /= 2)
                if (us >> bits) {
                        us >>= bits;
                        place += bits;
                }
        place += us > 0;
        return place < DN_BPF_LATENCIES ? place : DN_BPF_LATENCIES - 1;
}

static __always_inline void end_request(struct request *rq) {
        __u64 key = (__u64)rq, took_ns;
        struct dn_bpf_request *found = bpf_map_lookup_elem(&requests, &key);
        __u32 place;

        if (!found)
                return;
        took_ns = bpf_ktime_get_ns() - found->since_ns;
        place = latency_place(took_ns / 1000);
        if (found->writes)
                ADD(shared.latency.writes[place & (DN_BPF_LATENCIES - 1)], 1);
        else
                ADD(shared.latency.reads[place & (DN_BPF_LATENCIES - 1)], 1);
        ADD(shared.latency.total_ns, took_ns);
        if (took_ns > shared.latency.max_ns)
                shared.latency.max_ns = took_ns;
        bpf_map_delete_elem(&requests, &key);
}

SEC("dn_tp/block_io_start")
int BPF_PROG(on_io_start, struct request *rq) {
        begin_request(rq);
        return 0;
}

SEC("dn_tp/block_io_done")
int BPF_PROG(on_io_done, struct request *rq) {
        end_request(rq);
        return 0;
}

/* Before 6.5: from when the device got it, if its process was the one that gave it there. */
SEC("dn_tp/block_rq_issue")
int BPF_PROG(on_issue, struct request *rq) {
        begin_request(rq);
        return 0;
}

SEC("dn_tp/block_rq_complete")
int BPF_PROG(on_complete, struct request *rq) {
        end_request(rq);
        return 0;
}

/* Called by the last thread of a process: no other counts any more. */
static __always_inline void retire_blocks(__u32 process) {
        struct dn_bpf_blocks *found = bpf_map_lookup_elem(&blocks, &process), last;

        if (!found)
                return;
        last = *found;
        if (failed(bpf_map_delete_elem(&blocks, &process)))
                return;
        ADD(shared.blocks_before.read_bytes, last.read_bytes);
        ADD(shared.blocks_before.write_bytes, last.write_bytes);
        ADD(shared.blocks_before.reads, last.reads);
        ADD(shared.blocks_before.writes, last.writes);
        ADD(shared.blocks_before.discard_bytes, last.discard_bytes);
        ADD(shared.blocks_before.discards, last.discards);
        ADD(shared.blocks_before.flushes, last.flushes);
}
