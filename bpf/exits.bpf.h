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
        ADD(to->runtime_ns,
            BPF_CORE_READ(signal, sum_sched_runtime) + BPF_CORE_READ(signal, cutime) + BPF_CORE_READ(signal, cstime));
        ADD(to->user_ns, BPF_CORE_READ(signal, utime) + BPF_CORE_READ(signal, cutime));
        ADD(to->system_ns, BPF_CORE_READ(signal, stime) + BPF_CORE_READ(signal, cstime));
        ADD(to->minor_faults, BPF_CORE_READ(signal, min_flt) + BPF_CORE_READ(signal, cmin_flt));
        ADD(to->major_faults, BPF_CORE_READ(signal, maj_flt) + BPF_CORE_READ(signal, cmaj_flt));
        ADD(to->voluntary, BPF_CORE_READ(signal, nvcsw) + BPF_CORE_READ(signal, cnvcsw));
        ADD(to->involuntary, BPF_CORE_READ(signal, nivcsw) + BPF_CORE_READ(signal, cnivcsw));
        if (bpf_core_field_exists(signal->ioac.rchar)) {
                ADD(to->read_chars, BPF_CORE_READ(signal, ioac.rchar));
                ADD(to->written_chars, BPF_CORE_READ(signal, ioac.wchar));
                ADD(to->read_calls, BPF_CORE_READ(signal, ioac.syscr));
                ADD(to->write_calls, BPF_CORE_READ(signal, ioac.syscw));
        }
        if (bpf_core_field_exists(signal->ioac.read_bytes)) {
                ADD(to->read_bytes, BPF_CORE_READ(signal, ioac.read_bytes));
                ADD(to->written_bytes, BPF_CORE_READ(signal, ioac.write_bytes));
                ADD(to->cancelled_bytes, BPF_CORE_READ(signal, ioac.cancelled_write_bytes));
        }
}

static __always_inline void note_end(struct task_struct *task) {
        if (thread_of(task))
                add_usage(&shared.dead, task);
}

/* The sum of who lives now. */
SEC("dn_iter/task")
int add_up(struct bpf_iter__task *ctx) {
        struct task_struct *task = ctx->task;

        if (task && !(task->__state & TASK_DEAD) && thread_of(task))
                add_usage(&shared.living, task);
        return 0;
}
