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
enum { EEXIST = 17 };
enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1024 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };
enum { BPF_F_USER_STACK = 256, BPF_RB_NO_WAKEUP = 1 };

/* uapi/linux/sched.h, linux/sched.h */
enum { CLONE_THREAD = 0x10000 };
enum {
        TASK_INTERRUPTIBLE = 1,
        TASK_UNINTERRUPTIBLE = 2,
        TASK_STOPPED_OR_TRACED = 4 | 8,
        TASK_DEAD = 0x80,
        PF_EXITING = 4,
        PF_IO_WORKER = 0x10,
};

/* uapi/linux/stat.h */
enum {
        S_IFMT = 0170000,
        S_IFSOCK = 0140000,
        S_IFREG = 0100000,
        S_IFBLK = 0060000,
        S_IFCHR = 0020000,
        S_IFIFO = 0010000
};

/* linux/socket.h, uapi/linux/in.h */
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, MSG_PEEK = 2, MSG_ERRQUEUE = 0x2000 };
enum { IPPROTO_TCP = 6, IPPROTO_UDP = 17, IPPROTO_UDPLITE = 136, IPPROTO_MPTCP = 262 };

/* linux/blk_types.h */
enum { BIO_CLONED = 1 };
enum {
        REQ_OP_READ = 0,
        REQ_OP_WRITE = 1,
        REQ_OP_FLUSH = 2,
        REQ_OP_DISCARD = 3,
        REQ_OP_SECURE_ERASE = 5,
        REQ_OP_ZONE_APPEND = 7,
        REQ_OP_WRITE_ZEROES = 9,
        REQ_OP_MASK = 255,
};
enum req_flag_bits { __REQ_PREFLUSH = 18 }; /* where it really is, CO-RE tells */

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

typedef struct {
        int counter;
} atomic_t;

struct inode {
        unsigned short i_mode;
        unsigned int i_rdev;
};

struct file {
        struct inode *f_inode;
        void *private_data;
};

struct fdtable {
        unsigned int max_fds;
        struct file **fd;
};

struct files_struct {
        struct fdtable *fdt;
};

struct sock_common {
        unsigned short skc_family;
};

struct sock {
        struct sock_common __sk_common;
        __u16 sk_protocol;
};

struct proto_ops {
        void *splice_read;
};

struct socket {
        struct sock *sk;
        const struct proto_ops *ops;
};

struct bvec_iter {
        unsigned int bi_size;
};

struct bio {
        unsigned int bi_opf;
        unsigned short bi_flags;
        struct bvec_iter bi_iter;
};

struct request {
        unsigned int cmd_flags;
};

struct signal_struct {
        int nr_threads;
        struct list_head thread_head;
        seqlock_t stats_lock;
        atomic_t live;
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

typedef struct {
        __u32 val;
} kuid_t;

struct cred {
        kuid_t uid, suid, euid;
};

struct mm_struct {
        unsigned long start_code, end_code, total_vm, start_stack;
        struct percpu_counter rss_stat[4];
};

/* Before 6.2. */
struct mm_rss_stat___before {
        struct {
                long counter;
        } count[4];
};

struct mm_struct___before {
        struct mm_rss_stat___before rss_stat;
};

struct timespec64 {
        __s64 tv_sec;
        long tv_nsec;
};

struct timens_offsets {
        struct timespec64 monotonic, boottime;
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
        struct files_struct *files;
        struct mm_struct *mm;
        const struct cred *cred;
        __u64 self_exec_id;
        int on_cpu;
        unsigned in_iowait : 1;
        struct nsproxy *nsproxy;
        struct list_head thread_node;
        __u64 start_boottime;
        char comm[16];
};

/* Before 5.16. */
struct task_struct___before {
        unsigned int cpu;
};

struct msghdr;
struct page;

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
        unsigned long bx, cx, di, si, orig_ax, sp, ip;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
        __u64 regs[31], sp, orig_x0;
        int syscallno;
};
#else
struct pt_regs {
        unsigned long unknown;
};
#endif

struct seq_file;

struct bpf_iter_meta {
        struct seq_file *seq;
};

struct bpf_iter__task {
        struct bpf_iter_meta *meta;
        struct task_struct *task;
};

struct bpf_map;

struct bpf_iter__bpf_map_elem {
        struct bpf_iter_meta *meta;
        struct bpf_map *map;
        void *key, *value;
};

#pragma clang attribute pop
