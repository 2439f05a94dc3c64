/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * The end of a process, for what is kept by process: its last thread adds that to what those before it left. */
#pragma once
#include "disk.bpf.h"
#include "net.bpf.h"
#include "tree.bpf.h"

SEC("dn_tp/sched_process_exit")
int BPF_PROG(on_end, struct task_struct *task) {
        if (!thread_of(task) || BPF_CORE_READ(task, signal, live.counter) > 0)
                return 0;
        if (config.parts & DN_BPF_NET)
                retire_traffic(task->tgid);
        if (config.parts & DN_BPF_DISK)
                retire_blocks(task->tgid);
        return 0;
}
