/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * What members used: each thread that ends is added to the dead, once, when it leaves its processor for good; who lives
 * is added up by a look at all tasks. Each thread is in one of the two, or for a moment, while it ends, in none. */
#pragma once
#include "tree.bpf.h"

static __always_inline void add_usage(struct dn_bpf_usage *to, struct task_struct *task) {
        ADD(to->threads, 1);
        ADD(to->runtime_ns, task->se.sum_exec_runtime);
        ADD(to->user_ns, task->utime);
        ADD(to->system_ns, task->stime);
        ADD(to->minor_faults, task->min_flt);
        ADD(to->major_faults, task->maj_flt);
        ADD(to->voluntary, task->nvcsw);
        ADD(to->involuntary, task->nivcsw);
        if (bpf_core_field_exists(task->sched_info.run_delay))
                ADD(to->run_delay_ns, task->sched_info.run_delay);
        if (bpf_core_field_exists(task->ioac.rchar)) {
                ADD(to->read_chars, task->ioac.rchar);
                ADD(to->written_chars, task->ioac.wchar);
                ADD(to->read_calls, task->ioac.syscr);
                ADD(to->write_calls, task->ioac.syscw);
        }
        if (bpf_core_field_exists(task->ioac.read_bytes)) {
                ADD(to->read_bytes, task->ioac.read_bytes);
                ADD(to->written_bytes, task->ioac.write_bytes);
                ADD(to->cancelled_bytes, task->ioac.cancelled_write_bytes);
        }
}

/* What its process had handed over to it before: of threads that had ended, and children that it had waited for. Of
 * I/O the kernel has both in one. */
static __always_inline void add_before(struct dn_bpf_usage *to, struct signal_struct *signal) {
        ADD(to->runtime_ns, signal->sum_sched_runtime + signal->cutime + signal->cstime);
        ADD(to->user_ns, signal->utime + signal->cutime);
        ADD(to->system_ns, signal->stime + signal->cstime);
        ADD(to->minor_faults, signal->min_flt + signal->cmin_flt);
        ADD(to->major_faults, signal->maj_flt + signal->cmaj_flt);
        ADD(to->voluntary, signal->nvcsw + signal->cnvcsw);
        ADD(to->involuntary, signal->nivcsw + signal->cnivcsw);
        if (bpf_core_field_exists(signal->ioac.rchar)) {
                ADD(to->read_chars, signal->ioac.rchar);
                ADD(to->written_chars, signal->ioac.wchar);
                ADD(to->read_calls, signal->ioac.syscr);
                ADD(to->write_calls, signal->ioac.syscw);
        }
        if (bpf_core_field_exists(signal->ioac.read_bytes)) {
                ADD(to->read_bytes, signal->ioac.read_bytes);
                ADD(to->written_bytes, signal->ioac.write_bytes);
                ADD(to->cancelled_bytes, signal->ioac.cancelled_write_bytes);
        }
}

static __always_inline void note_end(struct task_struct *task) {
        struct signal_struct *signal = task->signal;

        if (!thread_of(task))
                return;
        add_usage(&shared.dead, task);
        /* Two ends at once may lose the smaller of them; a larger one that comes later is always kept. */
        if (signal && signal->maxrss > shared.peak_pages)
                shared.peak_pages = signal->maxrss;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next) {
        if ((config.parts & DN_BPF_EXITS) && (prev->__state & TASK_DEAD))
                note_end(prev);
        return 0;
}

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

SEC("iter/task")
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
                if (task->pid == task->tgid && task->signal) {
                        ADD(shared.found_processes, 1);
                        add_before(&shared.before, task->signal);
                }
        }
        return 0;
}

/* The sum of who lives now. */
SEC("iter/task")
int add_up(struct bpf_iter__task *ctx) {
        struct task_struct *task = ctx->task;

        if (task && !(task->__state & TASK_DEAD) && thread_of(task))
                add_usage(&shared.living, task);
        return 0;
}
