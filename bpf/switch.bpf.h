/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * Where a processor goes over from one thread to another. */
#pragma once
#include "exits.bpf.h"
#include "offcpu.bpf.h"

SEC("dn_tp/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next) {
        if (config.parts & DN_BPF_OFFCPU) {
                note_out(ctx, preempt, prev);
                note_in(next);
        }
        if (prev->__state & TASK_DEAD)
                note_end(prev);
        return 0;
}
