/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * Who runs, looked at so many times a second on each processor by a clock of perf's. */
#pragma once
#include "stacks.bpf.h"

SEC("perf_event")
int on_clock(void *ctx) {
        struct dn_bpf_stack_key key = {.reason = DN_WAIT_ON_CPU, .kernel = -1, .frames = -1};
        struct task_struct *task = bpf_get_current_task_btf();
        struct dn_bpf_thread *thread = thread_of(task);

        if (!thread || thread->held)
                return 0;
        key.tgid = thread->tgid;
        key.tid = thread->tid;
        take_stacks(ctx, task, thread, &key);
        if (key.user || key.kernel >= 0)
                add_stack(&key, 0);
        return 0;
}
