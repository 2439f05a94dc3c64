/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * A look at all tasks: who is in the tree already when the programs come. */
#pragma once
#include "exits.bpf.h"
#include "offcpu.bpf.h"

/* Marks who is in the tree already: the main process was marked from outside, and whose parent is a member is one. */
static __always_inline struct dn_bpf_thread *found(struct task_struct *task) {
        struct task_struct *leader = task->group_leader, *parent = leader ? leader->real_parent : NULL;
        struct dn_bpf_thread *thread = thread_of(task);

        if (thread)
                return thread;
        if (!leader || !parent || (!thread_of(leader) && !(config.children && thread_of(parent))))
                return NULL;
        thread = make_member(task);
        if (thread)
                ADD(shared.found, 1);
        return thread;
}

SEC("dn_iter/task")
int look(struct bpf_iter__task *ctx) {
        struct task_struct *task = ctx->task;
        struct dn_bpf_thread *thread;

        if (!task)
                return 0;
        if (shared.level == ~0U)
                shared.level = BPF_CORE_READ((struct task_struct *)bpf_get_current_task_btf(), thread_pid, level);
        thread = found(task);
        if (thread && !thread->marked) {
                thread->marked = shared.look;
                if (!shared.first_exec && !thread->held)
                        shared.first_exec = (__u32)task->self_exec_id; /* attached: the main process is found first */
                if (config.parts & DN_BPF_OFFCPU)
                        note_off(thread, task);
                if (task->pid == task->tgid) {
                        ADD(shared.found_processes, 1);
                        add_before(&shared.before, BPF_CORE_READ(task, signal));
                }
        }
        return 0;
}
