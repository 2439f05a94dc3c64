/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * Bytes that calls have sent and received through sockets, whichever call it was: by kind of socket, and by process as
 * long as it lives. What is spliced out of a socket comes past no such call: the splice itself is asked. */
#pragma once
#include "tree.bpf.h"

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, DN_BPF_PROCESSES);
        __type(key, __u32); /* the process, as the kernel itself numbers it */
        __type(value, struct dn_bpf_traffic);
} traffic SEC(".maps");

/* Of enum dn_bpf_socket; -1: none that is counted. */
static __always_inline int socket_kind(struct sock *sk) {
        __u16 protocol;

        switch (BPF_CORE_READ(sk, __sk_common.skc_family)) {
        case AF_UNIX: return DN_BPF_UNIX;
        case AF_INET:
        case AF_INET6: break;
        default: return -1;
        }
        protocol = BPF_CORE_READ(sk, sk_protocol);
        return protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP     ? DN_BPF_TCP
               : protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ? DN_BPF_UDP
                                                                        : DN_BPF_INET;
}

/* The current process's; NULL for one that is ending: nothing would take its place away again. */
static __always_inline struct dn_bpf_traffic *traffic_of(const struct dn_bpf_thread *thread) {
        struct task_struct *task = bpf_get_current_task_btf();
        struct dn_bpf_traffic fresh = {.pid = thread->tgid}, *found;
        __u32 process = task->tgid;

        if (task->flags & PF_EXITING)
                return NULL;
        found = bpf_map_lookup_elem(&traffic, &process);
        if (found)
                return found;
        bpf_map_update_elem(&traffic, &process, &fresh, BPF_NOEXIST);
        found = bpf_map_lookup_elem(&traffic, &process);
        if (!found)
                ADD(shared.lost, 1);
        return found;
}

static __always_inline void count_received(const struct dn_bpf_thread *thread, __u32 kind, __u64 bytes) {
        struct dn_bpf_traffic *process = kind < DN_BPF_SOCKETS ? traffic_of(thread) : NULL;

        if (kind >= DN_BPF_SOCKETS)
                return;
        ADD(shared.received[kind], bytes);
        if (process)
                ADD(process->received[kind], bytes);
        else
                ADD(shared.received_before[kind], bytes);
}

static __always_inline void count_sent(const struct dn_bpf_thread *thread, __u32 kind, __u64 bytes) {
        struct dn_bpf_traffic *process = kind < DN_BPF_SOCKETS ? traffic_of(thread) : NULL;

        if (kind >= DN_BPF_SOCKETS)
                return;
        ADD(shared.sent[kind], bytes);
        if (process)
                ADD(process->sent[kind], bytes);
        else
                ADD(shared.sent_before[kind], bytes);
}

SEC("dn_tp/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int result, int flags) {
        struct dn_bpf_thread *thread = current_thread();

        if (thread && result > 0)
                count_sent(thread, socket_kind(sk), result);
        return 0;
}

/* What is looked at stays where it is, and what comes out of the queue of errors was sent once. */
SEC("dn_tp/sock_recv_length")
int BPF_PROG(on_receive, struct sock *sk, int result, int flags) {
        struct dn_bpf_thread *thread = current_thread();

        if (thread && result > 0 && !(flags & (MSG_PEEK | MSG_ERRQUEUE)))
                count_received(thread, socket_kind(sk), result);
        return 0;
}

/* The socket of this descriptor, if it has a way of its own for what is spliced out of it. */
static __always_inline struct sock *spliced_socket(__u32 fd) {
        struct fdtable *table = BPF_CORE_READ(bpf_get_current_task_btf(), files, fdt);
        struct file *file = NULL;
        struct socket *socket;

        if (fd >= BPF_CORE_READ(table, max_fds))
                return NULL;
        bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
        if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
                return NULL;
        socket = BPF_CORE_READ(file, private_data);
        return BPF_CORE_READ(socket, ops, splice_read) ? BPF_CORE_READ(socket, sk) : NULL;
}

/* As they stand when a call returns. */
#if defined(__TARGET_ARCH_x86)
#define CALL_NUMBER(regs) BPF_CORE_READ(regs, orig_ax)
#define FIRST_ARGUMENT(regs, compat) ((compat) ? BPF_CORE_READ(regs, bx) : BPF_CORE_READ(regs, di))
#define SECOND_ARGUMENT(regs, compat) ((compat) ? BPF_CORE_READ(regs, cx) : BPF_CORE_READ(regs, si))
#elif defined(__TARGET_ARCH_arm64)
#define CALL_NUMBER(regs) BPF_CORE_READ(regs, syscallno)
#define FIRST_ARGUMENT(regs, compat) BPF_CORE_READ(regs, orig_x0)
#define SECOND_ARGUMENT(regs, compat) BPF_CORE_READ(regs, regs[1])
#else /* not known: no descriptor */
#define CALL_NUMBER(regs) 0
#define FIRST_ARGUMENT(regs, compat) (-1)
#define SECOND_ARGUMENT(regs, compat) (-1)
#endif

static __always_inline __u32 splice_argument(__u32 number) {
        /* As in reason_of. */
        __asm__ volatile("" : "+r"(number));
        return config.splices[number & (DN_BPF_NUMBERS - 1)];
}

/* The end of any call of anybody: the number alone is looked at first, and then of which table it is. */
SEC("dn_tp/sys_exit")
int BPF_PROG(on_splice, struct pt_regs *regs, long result) {
        struct dn_bpf_thread *thread;
        __u32 number, argument;
        struct sock *from;

        if (result <= 0)
                return 0;
        number = CALL_NUMBER(regs);
        if (!(splice_argument(number & ~DN_BPF_COMPAT) | splice_argument(number | DN_BPF_COMPAT)))
                return 0;
        thread = current_thread();
        if (!thread)
                return 0;
        number = number_in_table(bpf_get_current_task_btf(), number);
        argument = splice_argument(number);
        if (argument == 0)
                return 0;
        from = spliced_socket(argument == 1 ? FIRST_ARGUMENT(regs, number & DN_BPF_COMPAT)
                                            : SECOND_ARGUMENT(regs, number & DN_BPF_COMPAT));
        if (from)
                count_received(thread, socket_kind(from), result);
        return 0;
}

/* Called by the last thread of a process: no other counts any more. */
static __always_inline void retire_traffic(__u32 process) {
        struct dn_bpf_traffic *found = bpf_map_lookup_elem(&traffic, &process), last;

        if (!found)
                return;
        last = *found;
        if (failed(bpf_map_delete_elem(&traffic, &process)))
                return;
        for (int i = 0; i < DN_BPF_SOCKETS; i++) {
                ADD(shared.received_before[i], last.received[i]);
                ADD(shared.sent_before[i], last.sent[i]);
        }
}
