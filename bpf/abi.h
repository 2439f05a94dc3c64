/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) OR GPL-3.0-or-later
 * What denet's BPF programs and the program that loads them share: the layouts of what stands in their maps. */
#pragma once
#ifndef __bpf__
#include <linux/types.h>
#endif

/* Parts of the work, as enum denet_ebpf has them. */
enum {
        DN_BPF_SYSCALLS = 1,
        DN_BPF_OFFCPU = 2,
        DN_BPF_NET = 4,
        DN_BPF_DISK = 8,
        DN_BPF_EXITS = 16,
        DN_BPF_ONCPU = 32,
};

/* Why a thread is not on a processor. */
enum dn_wait {
        DN_WAIT_RUN_QUEUE, /* it could run, and others do */
        DN_WAIT_DISK,
        DN_WAIT_NETWORK,
        DN_WAIT_UNIX_SOCKET,
        DN_WAIT_PIPE,
        DN_WAIT_TTY,
        DN_WAIT_FILE, /* a file, without waiting for a disk: locks, remote file systems, special files */
        DN_WAIT_POLL, /* for one of several descriptors */
        DN_WAIT_LOCK, /* futex */
        DN_WAIT_SLEEP,
        DN_WAIT_CHILD,
        DN_WAIT_SIGNAL,
        DN_WAIT_IPC,
        DN_WAIT_IO_URING,
        DN_WAIT_PAGE_FAULT,
        DN_WAIT_STOPPED,
        DN_WAIT_KERNEL_LOCK, /* uninterruptible, and not for a disk */
        DN_WAIT_OTHER,
        DN_WAIT_REASONS,
        DN_WAIT_BY_DESCRIPTOR = 64, /* of a call: what the descriptor in its first argument is, tells */
        DN_WAIT_ON_CPU = 65,        /* of a stack: it was running */
        DN_WAIT_AS_BEFORE = 66,     /* of a call: it goes on with one that was interrupted */
};

/* Set before the programs are loaded; what is not asked for the verifier leaves out. */
struct dn_bpf_config {
        __u32 parts;
        __u32 children; /* of members are members; else the main process alone is one */
        __u32 nonblock; /* functions that receive have that argument, before the flags */
        __u32 stacks;   /* are taken */
        __u32 own; /* what another user's rights do is not to be seen: the programs are loaded by the file's rights */
        __u32 uid; /* … and this is the user */
        /* By DN_BPF_NUMBERS: */
        __u8 reasons[1024]; /* why a thread that is in this call waits */
        __u8 splices[1024]; /* which argument is the descriptor that this call moves bytes out of, from 1; 0: none */
};

enum dn_bpf_held {
        DN_BPF_HELD = 1,   /* it is to exec the command yet: what it does until then is not the command's */
        DN_BPF_HIDDEN = 2, /* it has rights that the one who watches it has not: what it does is nobody's to see */
};

/* What a thread is, in its own storage; the map from thread to this is the tree. Written from outside for the main
 * process, and then handed on to whom a member starts. */
struct dn_bpf_thread {
        __u32 tgid, tid; /* as the one that asked sees them, in its PID namespace */
        __u32 number;   /* of the system call that it is in, with DN_BPF_COMPAT; it is in one where since_ns is not 0 */
        __u32 marked;   /* found by a look at all tasks: by which, from 1 */
        __u32 held;     /* of enum dn_bpf_held: what it does is not counted, but for what it uses */
        __u32 sampled;  /* the sampler has said something of it */
        __u64 since_ns; /* when that began */
        /* Off its processor. What of the last time off was run-queue delay is known when it leaves again. */
        __u64 out_ns;                          /* since when it is off; 0: it is on one, or was never seen to leave */
        __u64 delay_ns;                        /* the kernel's run_delay of it then */
        __u64 span_ns;                         /* length of the last time off, to be settled; 0: it is */
        __u64 total_ns, count, max_ns, min_ns; /* of all that are settled */
        __u32 reason;                          /* of the one that out_ns or span_ns tells of */
        __u32 called;                          /* the last one in a call */
        __s32 kernel, frames;                  /* its stacks, as in dn_bpf_stack_key */
        __u32 exec;
        __u64 user;
};

/* System calls have their number as index; those of another table (32-bit programs on a 64-bit kernel) stand behind. */
enum { DN_BPF_COMPAT = 512, DN_BPF_NUMBERS = 1024 };

/* One for each processor and number: calls begun, those that failed, time in those that have returned. */
struct dn_bpf_call {
        __u64 count, errors, total_ns, max_ns;
};

/* How often a call of this number failed with this error: the key is number << 16 | errno. */
enum { DN_BPF_ERRNOS = 2048 };

/* What threads have used, added up. Of memory nothing adds up: see dn_bpf_shared. */
struct dn_bpf_usage {
        __u64 threads;
        __u64 runtime_ns; /* on a processor: exact; user and system are the kernel's estimate of how it splits */
        __u64 user_ns, system_ns;
        __u64 run_delay_ns;
        __u64 minor_faults, major_faults;
        __u64 voluntary, involuntary; /* context switches */
        __u64 read_chars, written_chars, read_calls, write_calls;
        __u64 read_bytes, written_bytes, cancelled_bytes;
};

/* Kinds of sockets. */
enum dn_bpf_socket { DN_BPF_TCP, DN_BPF_UDP, DN_BPF_INET /* others of IPv4 and IPv6 */, DN_BPF_UNIX, DN_BPF_SOCKETS };

/* Processes that may have used sockets or devices at once; those beyond are in the sums alone, and counted as lost. */
enum { DN_BPF_PROCESSES = 8192 };

/* Bytes that a process has moved through sockets. */
struct dn_bpf_traffic {
        __u64 pid; /* as the one that asked sees it; the first of each struct that is kept by process */
        __u64 received[DN_BPF_SOCKETS], sent[DN_BPF_SOCKETS];
};

/* What a process, or all, had block devices do. */
struct dn_bpf_blocks {
        __u64 pid;
        __u64 read_bytes, write_bytes, reads, writes;
        __u64 discard_bytes, discards, flushes;
};

/* A request that a device is at, and those that may be under way at once. */
struct dn_bpf_request {
        __u64 since_ns;
        __u64 writes;
};
enum { DN_BPF_REQUESTS = 8192 };

/* Requests that are done, by the time that they took: of [0] below 1 us, of [n] from 2^(n - 1) us to below 2^n; the
 * last has all above. */
enum { DN_BPF_LATENCIES = 32 };
struct dn_bpf_latency {
        __u64 reads[DN_BPF_LATENCIES], writes[DN_BPF_LATENCIES];
        __u64 total_ns, max_ns;
};

/* Global: mapped into the one that loaded the programs. */
struct dn_bpf_shared {
        __u32 level;      /* of its PID namespace */
        __u32 first_exec; /* the kernel's count of execs (self_exec_id) of the main process's first program */
        __u32 look;       /* which look at all tasks this is: 1, 2 … */
        __u64 found;      /* by the last one: threads that were new */
        __u64 born_threads, born_processes; /* of members, since the programs run */
        __u64 found_processes;              /* by all looks */
        __u64 lost;                         /* threads and values that a map had no room for */
        __u64 lost_stacks;                  /* for which a map or the ring had none */
        struct dn_bpf_usage dead;           /* members that have ended, each whole */
        struct dn_bpf_usage living;         /* members that live, by the last look */
        struct dn_bpf_usage
                before; /* of those found by a look: their threads that had ended, children they had reaped */
        __u64 unlisted; /* threads whose end the ring had no room for: their time is in the sums alone */
        /* By the last look: time off of those that are off now, or not settled. */
        __u64 still; /* how many */
        __u64 still_ns[DN_WAIT_REASONS];
        __u64 address;                                                      /* to be printed by print_name … */
        char name[128];                                                     /* … and its name */
        __u64 received[DN_BPF_SOCKETS], sent[DN_BPF_SOCKETS];               /* by all members */
        __u64 received_before[DN_BPF_SOCKETS], sent_before[DN_BPF_SOCKETS]; /* by those that have ended */
        struct dn_bpf_blocks blocks, blocks_before;                         /* the same of devices */
        struct dn_bpf_latency latency;
};

/* Time off by reason: one for each processor and reason. */
struct dn_bpf_waits {
        __u64 total_ns, count, max_ns, min_ns;
};

/* Of a thread: those that live are written by an iterator, of one that has ended it comes through the ring. */
struct dn_bpf_waiter {
        __u32 kind; /* DN_BPF_EVENT_WAITER */
        __u32 tgid, tid, unused;
        struct dn_bpf_waits waits;
};

/* Stacks by what they are: the key, and how often and how long. */
struct dn_bpf_stack_key {
        __u32 tgid, tid;
        __u32 exec; /* which program of the process: it is another after an exec */
        __u32 reason;
        __s32 kernel; /* in kernel_stacks; below 0: none */
        __s32 frames; /* in user_stacks, by frame pointers; below 0: none */
        __u64 user;   /* tells user stacks apart; 0: none */
};
struct dn_bpf_stack_sum {
        __u64 total_ns, count;
};

enum {
        DN_BPF_STACK_DEPTH = 64,
        DN_BPF_STACKS = 16384,
        DN_BPF_STACK_BYTES = 8192,
        DN_BPF_REGISTERS = 42, /* words of struct pt_regs, of the largest that we know */
        DN_BPF_EVENT_WAITER = 1,
        DN_BPF_EVENT_STACK = 2,
};

/* A user stack that was not seen before, to be unwound. */
struct dn_bpf_stack {
        __u32 kind; /* DN_BPF_EVENT_STACK */
        __u32 tgid, tid, exec;
        __u64 user;
        __u64 start; /* where the bytes were: at the stack pointer, or as far below it as the program may use */
        char comm[16];
        __u32 n_registers, size; /* of what follows: words, bytes */
        __u64 registers[DN_BPF_REGISTERS];
        __u8 bytes[DN_BPF_STACK_BYTES];
};

/* A process that is new or has run since the sampler's last look; times in ns, sizes in pages. Sums are of all its
 * threads, those too that have ended. */
struct dn_bpf_process {
        __u32 pid, parent; /* as the caller sees them */
        __u32 state, exit_state, flags, threads, processor;
        __u32 fresh;    /* nothing was said of it before */
        __u64 read_ns;  /* when, by the monotonic clock */
        __u64 start_ns; /* since the machine's boot, as the caller sees that */
        __u64 runtime_ns, user_ns, system_ns, reaped_user_ns, reaped_system_ns;
        __u64 minor_faults, major_faults, reaped_minor_faults, reaped_major_faults;
        __u64 read_chars, written_chars, read_calls, write_calls;
        __u64 read_bytes, written_bytes, cancelled_bytes;
        __u64 total_pages, resident_pages; /* the latter near enough to see that it moved */
        __u64 start_stack;
        char comm[16];
};

/* Where a process stands that the sampler has seen: by its pid, modulo. Of two in one place only one is found there. */
enum { DN_BPF_PLACES = 32768 };
struct dn_bpf_place {
        __u32 look;        /* the sampler's look that saw it last */
        __u32 record : 24; /* in what that look said, from 1; 0: it has slept */
        __u32 turn : 8;    /* how often the places were gone through by pids below its own; there are 2^22 pids */
};

/* Of more in one look the rest is read from /proc. */
enum { DN_BPF_LISTED = 16384 };
struct dn_bpf_sampling {
        __u32 level;       /* of the caller's PID namespace */
        __u32 look;        /* which one it is */
        __u32 all;         /* it says all, of the sleeping too */
        __u32 records;     /* said by it so far */
        __u32 listed;      /* processes that it has something to say of, DN_BPF_LISTED at most … */
        __u32 listed_look; /* … and the look that listed them */
        __u32 done;        /* all of them are said */
        __u32 ready;       /* the next two are known */
        __s64 boot_ns;     /* what the caller's time namespace adds to the time since boot … */
        __s64 mono_ns;     /* … and to the monotonic clock */
        __u64 order;       /* means nothing: what is read before it is added to is read before what comes after */
};
