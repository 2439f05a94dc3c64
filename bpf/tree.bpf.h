/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * Who is in the tree: threads that have storage of ours. It is given to the main process before it may exec, or to who
 * runs already by a look at all tasks; whom a member starts has it from there. */
#pragma once
#include "kernel.h" /* before what uses its types */

#include "abi.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile struct dn_bpf_config config;
struct dn_bpf_shared shared;

struct {
        __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct dn_bpf_thread);
} threads SEC(".maps");

#define ADD(to, n) __sync_fetch_and_add(&(to), (n))

/* Of what changes a map. Before Linux 6.4 an error comes as a number of 32 bits, and so is not below 0. */
static __always_inline bool failed(long result) {
        return result != 0;
}

/* As the one that asked numbers it, in its PID namespace. 0: it is not known there. The pointer comes as a number, by
 * BPF_CORE_READ: to one that is known as a pointer, verifiers up to 6.1 let nothing be added that is not constant; and
 * for each pointer that is followed by its type, those of today look through all of the kernel's types, which takes a
 * millisecond of the loading. */
static __always_inline __u32 number_in(struct pid *pid) {
        unsigned int level = shared.level;
        int nr = 0;

        if (!pid || level > BPF_CORE_READ(pid, level) || level > 32)
                return 0;
        bpf_probe_read_kernel(&nr, sizeof(nr),
                              (char *)pid + bpf_core_field_offset(struct pid, numbers) +
                                      level * bpf_core_type_size(struct upid));
        return nr;
}

static __always_inline __u32 number_of(struct task_struct *task) {
        return number_in(BPF_CORE_READ(task, thread_pid));
}

static __always_inline struct dn_bpf_thread *thread_of(struct task_struct *task) {
        return bpf_task_storage_get(&threads, task, NULL, 0);
}

static __always_inline struct dn_bpf_thread *current_thread(void) {
        return thread_of(bpf_get_current_task_btf());
}

static __always_inline struct dn_bpf_thread *make_member(struct task_struct *task) {
        struct dn_bpf_thread *thread = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

        if (!thread) {
                ADD(shared.lost, 1);
                return NULL;
        }
        thread->tid = number_of(task);
        thread->tgid = task->pid == task->tgid ? thread->tid : number_of(BPF_CORE_READ(task, group_leader));
        return thread;
}

/* The number of a system call, with DN_BPF_COMPAT where it is of the 32-bit table. */
static __always_inline __u32 number_in_table(struct task_struct *task, long id) {
        __u32 number = (__u32)id;
#ifdef __TARGET_ARCH_x86
        const __u32 x32 = 0x40000000, compat = 2; /* asm/unistd.h __X32_SYSCALL_BIT, asm/thread_info.h TS_COMPAT */

        number &= ~x32;
        if (task->thread_info.status & compat)
                return (number & (DN_BPF_COMPAT - 1)) | DN_BPF_COMPAT;
#endif
        return number & (DN_BPF_COMPAT - 1);
}

SEC("dn_tp/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *task, unsigned long clone_flags) {
        struct dn_bpf_thread *parent, *thread;

        if (!config.children && !(clone_flags & CLONE_THREAD))
                return 0;
        parent = current_thread();
        thread = parent ? make_member(task) : NULL;
        if (!parent || !thread)
                return 0;
        if (parent->held == DN_BPF_HIDDEN)
                thread->held = DN_BPF_HIDDEN;
        ADD(shared.born_threads, 1);
        if (!(clone_flags & CLONE_THREAD))
                ADD(shared.born_processes, 1);
        return 0;
}
