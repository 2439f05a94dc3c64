/* SPDX-License-Identifier: GPL-3.0-or-later
 * The BPF programs and what is kept beside them. Needs CAP_BPF and CAP_PERFMON, a kernel of 5.13 or later that
 * describes its types (/sys/kernel/btf/vmlinux). */
#pragma once
#include "bpf/abi.h"
#include "modules/ebpf/waiters.h"
#include "sources/linux/bpf_sampler.h"
#include "sources/source.h"

struct dn_bpf;
struct dn_ebpf_loading;
struct dn_object;
struct bpf_link;

/* What a map of the programs' keeps by process: its values, each with the PID in front, in the order of that. */
struct dn_by_process {
        uint32_t *keys;
        void *values;
        size_t size; /* of one */
        uint32_t n;
};

struct dn_ebpf {
        struct dn_target *target;
        struct dn_object *object;
        struct dn_bpf *programs;      /* of it */
        struct dn_bpf_shared *shared; /* mapped from the kernel */
        bool by_file_rights;          /* the caller has not the right to load programs, denet's file has */
        bool raise_to_read;           /* kernels before 5.19 may want the rights for looking into a map, too */
        unsigned parts;               /* that run: of enum denet_ebpf */
        int sampler_error;            /* -errno: it was tried, and cannot be had */
        uint64_t first_threads;       /* members when it began */
        uint32_t n_processors;
        struct dn_ebpf_syscalls *syscalls; /* NULL: that part does not run; so of the next four */
        struct dn_ebpf_offcpu *offcpu;
        struct dn_ebpf_stacks *stacks;
        struct dn_ebpf_events *events;
        struct dn_ebpf_sampler *sampler;
        struct dn_waiters waiters;
        struct dn_by_process traffic, blocks;
        int *clocks;        /* perf events, one for each processor: n_processors, -1 where there is none; or NULL */
        struct dn_text why; /* why not all of it works; empty: it does */
        uint64_t missed;    /* times that the kernel left a program out, as far as was asked */
        int64_t asked_ns;   /* … and when */
};

/* load.c: loads what t->ebpf asks for, and marks who is in the tree; the sampler too where it is wanted and can be had.
 * 0; -errno, and `why`, with what would change it behind a newline. Raises permitted capabilities meanwhile. */
int dn_ebpf_load(struct dn_ebpf *e, struct dn_text *why);
void dn_ebpf_unload(struct dn_ebpf *e);
/* loading.c: the same in a thread, for some seconds at most. Where it does not come back in time, *e belongs to that
 * thread and is NULL here. */
int dn_ebpf_load_bounded(struct dn_ebpf **e, struct dn_text *why);
/* The same while others go on: nobody touches e until poll has given another answer than -EAGAIN, once. To end it, at
 * whatever time: true, and e is the caller's (again); else it belongs to the thread from then on. */
int dn_ebpf_load_begin(struct dn_ebpf *e, struct dn_ebpf_loading **ret_loading);
int dn_ebpf_load_poll(struct dn_ebpf_loading *l, struct dn_target *target, struct dn_text *why);
bool dn_ebpf_load_end(struct dn_ebpf_loading *l, struct dn_target *target);
/* apart.c: as of dn_module. */
int dn_ebpf_load_sampler(struct dn_target *target, struct dn_bpf_loaded *ret_loaded, struct dn_text *why);
/* Runs an iterator to its end. 0 or -errno. */
int dn_ebpf_iterate(struct bpf_link *link);
/* Events that were lost so far: what maps and the ring had no room for, and what the kernel left out
 * (recursion_misses); the same without stacks. `now`: the kernel is asked, as it is once a second else. */
uint64_t dn_ebpf_lost(struct dn_ebpf *e, bool now);
uint64_t dn_ebpf_lost_counts(struct dn_ebpf *e, bool now);

/* exits.c: what all members have used, into now->counted. */
int dn_ebpf_exits_read(struct dn_ebpf *e, struct dn_pass *pass);

/* syscalls.c */
int dn_ebpf_syscalls_open(struct dn_ebpf *e);
int dn_ebpf_syscalls_read(struct dn_ebpf *e, struct dn_pass *pass); /* 0 or -ENOMEM */
void dn_ebpf_syscalls_close(struct dn_ebpf *e);

/* offcpu.c */
int dn_ebpf_offcpu_open(struct dn_ebpf *e);
int dn_ebpf_offcpu_read(struct dn_ebpf *e, struct dn_pass *pass); /* 0 or -ENOMEM */
void dn_ebpf_offcpu_close(struct dn_ebpf *e);

/* oncpu.c: who runs, 99 times a second. -errno: no perf event may be opened. */
int dn_ebpf_oncpu_open(struct dn_ebpf *e);
void dn_ebpf_oncpu_close(struct dn_ebpf *e);

/* sampler.c. Loading: where it cannot be had, e->sampler_error says so. Showing: what of it is in the kernel. Offering:
 * to the target; 0 or -errno. */
void dn_ebpf_sampler_load(struct dn_ebpf *e);
void dn_ebpf_sampler_show(const struct dn_ebpf *e, struct dn_bpf_side *ret_side);
int dn_ebpf_sampler_offer(struct dn_ebpf *e);
void dn_ebpf_sampler_close(struct dn_ebpf *e);
/* by_process.c. Closing one that was not opened is well; one that failed to open is to be closed. */
int dn_ebpf_by_process_open(struct dn_by_process *p, size_t size); /* 0 or -ENOMEM */
void dn_ebpf_by_process_read(struct dn_by_process *p, int map);
void dn_ebpf_by_process_close(struct dn_by_process *p);

/* net.c, disk.c. 0 or -ENOMEM. */
int dn_ebpf_net_open(struct dn_ebpf *e);
int dn_ebpf_net_read(struct dn_ebpf *e, struct dn_pass *pass);
int dn_ebpf_disk_open(struct dn_ebpf *e);
int dn_ebpf_disk_read(struct dn_ebpf *e, struct dn_pass *pass);
