/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) OR GPL-3.0-or-later
 * Of the kernel's structures, the members that the programs read. Where each really stands, libbpf looks up when they
 * are loaded (CO-RE); a member that a kernel may not have is asked for by bpf_core_field_exists. */
#pragma once

typedef unsigned char __u8;
typedef signed short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef int pid_t;
typedef _Bool bool;
enum { false, true };
#define NULL ((void *)0)

/* uapi/linux/bpf.h */
enum {
        BPF_MAP_TYPE_HASH = 1,
        BPF_MAP_TYPE_ARRAY = 2,
        BPF_MAP_TYPE_PERCPU_ARRAY = 6,
        BPF_MAP_TYPE_STACK_TRACE = 7,
        BPF_MAP_TYPE_LRU_HASH = 9,
        BPF_MAP_TYPE_RINGBUF = 27,
        BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1024 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };

/* uapi/linux/sched.h, linux/sched.h */
enum { CLONE_THREAD = 0x10000 };
enum { TASK_DEAD = 0x80 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct upid {
        int nr;
};

struct pid {
        unsigned int level;
        struct upid numbers[];
};

struct task_io_accounting {
        __u64 rchar, wchar, syscr, syscw, read_bytes, write_bytes, cancelled_write_bytes;
};

struct sched_info {
        unsigned long long run_delay;
};

struct sched_entity {
        __u64 sum_exec_runtime;
};

struct seqcount {
        unsigned int sequence;
};

struct seqcount_spinlock {
        struct seqcount seqcount;
};

typedef struct {
        struct seqcount_spinlock seqcount;
} seqlock_t;

struct list_head {
        struct list_head *next, *prev;
};

struct signal_struct {
        int nr_threads;
        struct list_head thread_head;
        seqlock_t stats_lock;
        __u64 utime, stime, cutime, cstime;
        unsigned long nvcsw, nivcsw, cnvcsw, cnivcsw;
        unsigned long min_flt, maj_flt, cmin_flt, cmaj_flt;
        struct task_io_accounting ioac;
        unsigned long long sum_sched_runtime;
        unsigned long maxrss;
};

struct thread_info {
        unsigned long flags;
        __u32 status;
        __u32 cpu;
};

struct percpu_counter {
        __s64 count;
};

struct mm_struct {
        unsigned long total_vm, start_stack;
        struct percpu_counter rss_stat[4];
};

/* Before 6.2. */
struct mm_rss_stat___before {
        long count[4];
};

struct mm_struct___before {
        struct mm_rss_stat___before rss_stat;
};

struct sighand_struct;

struct timespec64 {
        __s64 tv_sec;
        long tv_nsec;
};

struct timens_offsets {
        struct timespec64 boottime;
};

struct time_namespace {
        struct timens_offsets offsets;
};

struct nsproxy {
        struct time_namespace *time_ns;
};

struct task_struct {
        struct thread_info thread_info;
        unsigned int __state;
        int exit_state;
        unsigned int flags;
        pid_t pid, tgid;
        struct task_struct *real_parent, *group_leader;
        struct pid *thread_pid;
        __u64 utime, stime;
        unsigned long nvcsw, nivcsw, min_flt, maj_flt;
        struct sched_entity se;
        struct sched_info sched_info;
        struct task_io_accounting ioac;
        struct signal_struct *signal;
        struct sighand_struct *sighand;
        struct mm_struct *mm;
        struct nsproxy *nsproxy;
        struct list_head thread_node;
        __u64 start_boottime;
        char comm[16];
};

/* Before 5.16. */
struct task_struct___before {
        unsigned int cpu;
};

struct pt_regs {
        unsigned long ip;
};

struct seq_file;

struct bpf_iter_meta {
        struct seq_file *seq;
};

struct bpf_iter__task {
        struct bpf_iter_meta *meta;
        struct task_struct *task;
};

#pragma clang attribute pop
