/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * System calls of members, by number. A call counts when it begins, and its time when it has returned. A child comes
 * out of its parent's call, and a signal's handler out of one of its own making: neither has one that it is in. */
#pragma once
#include "tree.bpf.h"

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(map_flags, BPF_F_MMAPABLE);
        __uint(max_entries, DN_BPF_NUMBERS); /* times the processors */
        __type(key, __u32);
        __type(value, struct dn_bpf_call);
} calls SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, DN_BPF_ERRNOS);
        __type(key, __u32);
        __type(value, __u64);
} errnos SEC(".maps");

static __always_inline struct dn_bpf_call *call_of(__u32 number) {
        __u32 place = bpf_get_smp_processor_id() * DN_BPF_NUMBERS + number;
        struct dn_bpf_call *call = bpf_map_lookup_elem(&calls, &place);

        if (!call)
                ADD(shared.lost, 1);
        return call;
}

SEC("dn_tp/sys_enter")
int BPF_PROG(on_enter, struct pt_regs *regs, long id) {
        struct dn_bpf_thread *thread = current_thread();
        struct dn_bpf_call *call;

        if (!thread)
                return 0;
        thread->number = number_in_table(bpf_get_current_task_btf(), id);
        call = thread->held ? NULL : call_of(thread->number);
        if (call)
                ADD(call->count, 1);
        thread->since_ns = bpf_ktime_get_ns();
        return 0;
}

static __always_inline void count_error(struct dn_bpf_call *call, __u32 number, long result) {
        __u32 key = number << 16 | ((__u32)-result & 0xffff);
        __u64 *count = bpf_map_lookup_elem(&errnos, &key), one = 1;

        ADD(call->errors, 1);
        if (count)
                ADD(*count, 1);
        else if (failed(bpf_map_update_elem(&errnos, &key, &one, BPF_NOEXIST)))
                ADD(shared.lost, 1);
}

/* By an exec it may have got another user's rights, as a set-user-ID program has them. */
static __always_inline bool is_hidden(struct task_struct *task) {
        return config.own &&
               (BPF_CORE_READ(task, cred, euid.val) != config.uid || BPF_CORE_READ(task, cred, suid.val) != config.uid);
}

/* The command begins with this call, or a program with other rights. */
SEC("dn_tp/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task) {
        struct dn_bpf_thread *thread = thread_of(task);
        struct dn_bpf_call *call;

        if (!thread)
                return 0;
        if (thread->held == DN_BPF_HELD && !shared.first_exec)
                shared.first_exec = (__u32)task->self_exec_id;
        if (is_hidden(task)) {
                thread->held = DN_BPF_HIDDEN;
                return 0;
        }
        if (!thread->held)
                return 0;
        thread->held = 0;
        call = config.parts & DN_BPF_SYSCALLS ? call_of(thread->number) : NULL;
        if (call)
                ADD(call->count, 1);
        return 0;
}

SEC("dn_tp/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs, long result) {
        struct dn_bpf_thread *thread = current_thread();
        struct dn_bpf_call *call;
        __u64 took_ns;

        if (!thread || thread->since_ns == 0 || thread->held)
                return 0;
        took_ns = bpf_ktime_get_ns() - thread->since_ns;
        thread->since_ns = 0;
        call = call_of(thread->number);
        if (!call)
                return 0;
        ADD(call->total_ns, took_ns);
        if (took_ns > call->max_ns)
                call->max_ns = took_ns;
        if (result < 0 && result >= -4095)
                count_error(call, thread->number, result);
        return 0;
}
