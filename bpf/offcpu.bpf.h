/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * Time off the processors, by thread and by reason: from when a thread leaves one to when it is on one again. How much
 * of it was waiting for a processor the kernel knows (run_delay), and tells when the thread leaves the next time: until
 * then a time off is not settled. */
#pragma once
#include "stacks.bpf.h"
#include "tree.bpf.h"

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(map_flags, BPF_F_MMAPABLE);
        __uint(max_entries, DN_WAIT_REASONS); /* times the processors */
        __type(key, __u32);
        __type(value, struct dn_bpf_waits);
} waits SEC(".maps");

static __always_inline void add_wait(struct dn_bpf_waits *w, __u64 ns) {
        ADD(w->total_ns, ns);
        ADD(w->count, 1);
        if (ns > w->max_ns)
                w->max_ns = ns;
        if (w->min_ns == 0 || ns < w->min_ns)
                w->min_ns = ns ? ns : 1;
}

static __always_inline struct dn_bpf_waits *waits_of(__u32 reason) {
        __u32 place = bpf_get_smp_processor_id() * DN_WAIT_REASONS + reason;
        struct dn_bpf_waits *w = bpf_map_lookup_elem(&waits, &place);

        if (!w)
                ADD(shared.lost, 1);
        return w;
}

static __always_inline __u64 run_delay_of(struct task_struct *task) {
        return bpf_core_field_exists(task->sched_info.run_delay) ? task->sched_info.run_delay : 0;
}

/* What of a time off was waiting for a processor. */
static __always_inline __u64 delay_in(struct dn_bpf_thread *thread, struct task_struct *task, __u64 span_ns) {
        __u64 delay_ns = run_delay_of(task) - thread->delay_ns;

        return thread->reason == DN_WAIT_RUN_QUEUE || delay_ns > span_ns ? span_ns : delay_ns;
}

static __always_inline void settle(struct dn_bpf_thread *thread, struct task_struct *task) {
        __u64 span_ns = thread->span_ns, delay_ns = delay_in(thread, task, span_ns);
        struct dn_bpf_waits *w = waits_of(thread->reason), *queue = waits_of(DN_WAIT_RUN_QUEUE);

        thread->span_ns = 0;
        thread->total_ns += span_ns;
        thread->count++;
        if (span_ns > thread->max_ns)
                thread->max_ns = span_ns;
        if (thread->min_ns == 0 || span_ns < thread->min_ns)
                thread->min_ns = span_ns;
        if (w)
                add_wait(w, thread->reason == DN_WAIT_RUN_QUEUE ? span_ns : span_ns - delay_ns);
        if (queue && thread->reason != DN_WAIT_RUN_QUEUE)
                ADD(queue->total_ns, delay_ns);
        if (config.stacks && thread->reason != DN_WAIT_RUN_QUEUE && (thread->user || thread->kernel >= 0)) {
                struct dn_bpf_stack_key key = {
                        .tgid = thread->tgid,
                        .tid = thread->tid,
                        .exec = thread->exec,
                        .reason = thread->reason,
                        .kernel = thread->kernel,
                        .frames = thread->frames,
                        .user = thread->user,
                };

                add_stack(&key, span_ns - delay_ns);
        }
}

/* Which kind of thing the descriptor is. */
static __always_inline __u32 by_descriptor(struct task_struct *task, __u32 fd, bool disk) {
        struct fdtable *table = BPF_CORE_READ(task, files, fdt);
        struct file **list, *file = NULL;
        struct inode *inode;
        unsigned int major;

        if (!table || fd >= BPF_CORE_READ(table, max_fds))
                return DN_WAIT_OTHER;
        list = BPF_CORE_READ(table, fd);
        bpf_probe_read_kernel(&file, sizeof(file), &list[fd]);
        inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
        if (!inode)
                return DN_WAIT_OTHER;
        switch (BPF_CORE_READ(inode, i_mode) & S_IFMT) {
        case S_IFIFO: return DN_WAIT_PIPE;
        case S_IFSOCK: {
                struct socket *socket = BPF_CORE_READ(file, private_data);

                return BPF_CORE_READ(socket, sk, __sk_common.skc_family) == AF_UNIX ? DN_WAIT_UNIX_SOCKET
                                                                                    : DN_WAIT_NETWORK;
        }
        case S_IFCHR:
                major = BPF_CORE_READ(inode, i_rdev) >> 20;
                return major == 4 || major == 5 || (major >= 136 && major <= 143) ? DN_WAIT_TTY : DN_WAIT_FILE;
        case S_IFREG:
        case S_IFBLK: return disk ? DN_WAIT_DISK : DN_WAIT_FILE;
        }
        return DN_WAIT_OTHER; /* an event descriptor or the like */
}

/* The call that it is in, as DN_BPF_NUMBERS has them, or -1: it came into the kernel by a fault or an interrupt. */
static __always_inline long call_in_progress(struct task_struct *task, struct pt_regs *regs, __u32 *ret_first) {
#ifdef __TARGET_ARCH_x86
        long number = (long)regs->orig_ax;

        if (number < 0)
                return -1;
        number = number_in_table(task, number);
        *ret_first = number & DN_BPF_COMPAT ? regs->bx : regs->di;
        return number;
#elif defined(__TARGET_ARCH_arm64)
        *ret_first = regs->regs[0];
        return regs->syscallno < 0 ? -1 : number_in_table(task, regs->syscallno);
#else
        *ret_first = 0;
        return -1;
#endif
}

static __always_inline __u32 reason_of(struct dn_bpf_thread *thread, struct task_struct *task) {
        unsigned int state = task->__state;
        bool disk = BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait);
        __u32 reason, first = 0;
        long number;

        if (state & TASK_STOPPED_OR_TRACED)
                return DN_WAIT_STOPPED;
        if (task->flags & PF_IO_WORKER)
                return DN_WAIT_IO_URING;
        number = call_in_progress(task, (struct pt_regs *)bpf_task_pt_regs(task), &first);
        if (number < 0)
                return DN_WAIT_PAGE_FAULT;
        /* The compiler knows that it is in bounds and leaves the mask out; verifiers up to 6.1 do not know. */
        __asm__ volatile("" : "+r"(number));
        reason = config.reasons[number & (DN_BPF_NUMBERS - 1)];
        if (reason == DN_WAIT_AS_BEFORE)
                return thread->called ? thread->called : DN_WAIT_OTHER;
        if (reason == DN_WAIT_BY_DESCRIPTOR)
                reason = by_descriptor(task, first, disk);
        if (reason == DN_WAIT_OTHER || reason == DN_WAIT_FILE)
                reason = disk ? DN_WAIT_DISK : state & TASK_UNINTERRUPTIBLE ? DN_WAIT_KERNEL_LOCK : reason;
        thread->called = reason;
        return reason;
}

static __always_inline void leave(void *ctx, bool preempt, struct task_struct *task, struct dn_bpf_thread *thread) {
        struct dn_bpf_stack_key key = {.kernel = -1, .frames = -1};

        if (thread->span_ns)
                settle(thread, task);
        if (thread->held)
                return;
        thread->reason = preempt || task->__state == 0 ? DN_WAIT_RUN_QUEUE : reason_of(thread, task);
        thread->delay_ns = run_delay_of(task);
        thread->out_ns = bpf_ktime_get_ns();
        if (config.stacks && thread->reason != DN_WAIT_RUN_QUEUE && !(task->__state & TASK_DEAD)) {
                take_stacks(ctx, task, thread, &key);
                thread->kernel = key.kernel;
                thread->frames = key.frames;
                thread->exec = key.exec;
                thread->user = key.user;
        }
}

/* What it has waited in all goes to user space, which keeps the longest. */
static __always_inline void report_end(struct dn_bpf_thread *thread) {
        struct dn_bpf_waiter *waiter = bpf_ringbuf_reserve(&events, sizeof(*waiter), 0);

        if (!waiter) {
                ADD(shared.unlisted, 1);
                return;
        }
        waiter->kind = DN_BPF_EVENT_WAITER;
        waiter->tgid = thread->tgid;
        waiter->tid = thread->tid;
        waiter->waits.total_ns = thread->total_ns;
        waiter->waits.count = thread->count;
        waiter->waits.max_ns = thread->max_ns;
        waiter->waits.min_ns = thread->min_ns;
        bpf_ringbuf_submit(waiter, BPF_RB_NO_WAKEUP);
}

static __always_inline void note_out(void *ctx, bool preempt, struct task_struct *task) {
        struct dn_bpf_thread *thread = thread_of(task);

        if (!thread)
                return;
        if (!(task->__state & TASK_DEAD)) {
                leave(ctx, preempt, task, thread);
                return;
        }
        if (thread->span_ns)
                settle(thread, task);
        if (thread->count > 0)
                report_end(thread);
}

static __always_inline void note_in(struct task_struct *task) {
        struct dn_bpf_thread *thread = thread_of(task);

        if (!thread || !thread->out_ns)
                return;
        thread->span_ns = bpf_ktime_get_ns() - thread->out_ns;
        thread->out_ns = 0;
}

/* Who is off when it is found has been for a time that nobody knows: it counts from now. */
static __always_inline void note_off(struct dn_bpf_thread *thread, struct task_struct *task) {
        if (task->on_cpu || thread->out_ns || (task->__state & TASK_DEAD))
                return;
        thread->reason = task->__state == 0 ? DN_WAIT_RUN_QUEUE : reason_of(thread, task);
        thread->delay_ns = run_delay_of(task);
        thread->kernel = thread->frames = -1;
        thread->out_ns = bpf_ktime_get_ns();
}

/* Of each member that lives, what it has waited, the time that it is off now included. */
SEC("dn_iter/task")
int list_waits(struct bpf_iter__task *ctx) {
        struct task_struct *task = ctx->task;
        struct dn_bpf_thread *thread = task ? thread_of(task) : NULL;
        struct dn_bpf_waiter waiter = {.kind = DN_BPF_EVENT_WAITER};
        __u64 span_ns, out_ns, now_ns;
        __u32 reason;

        if (!thread || (task->__state & TASK_DEAD))
                return 0;
        now_ns = bpf_ktime_get_ns();
        out_ns = thread->out_ns;
        span_ns = thread->span_ns ? thread->span_ns : out_ns && out_ns < now_ns ? now_ns - out_ns : 0;
        waiter.tgid = thread->tgid;
        waiter.tid = thread->tid;
        waiter.waits.total_ns = thread->total_ns + span_ns;
        waiter.waits.count = thread->count + (span_ns > 0);
        waiter.waits.max_ns = span_ns > thread->max_ns ? span_ns : thread->max_ns;
        waiter.waits.min_ns = thread->count ? thread->min_ns : span_ns; /* one that goes on is not short yet */
        reason = thread->reason;
        if (span_ns && reason < DN_WAIT_REASONS) {
                __u64 delay_ns = delay_in(thread, task, span_ns);

                ADD(shared.still, 1);
                if (reason != DN_WAIT_RUN_QUEUE)
                        ADD(shared.still_ns[reason], span_ns - delay_ns);
                ADD(shared.still_ns[DN_WAIT_RUN_QUEUE], delay_ns);
        }
        if (waiter.waits.count > 0)
                bpf_seq_write(ctx->meta->seq, &waiter, sizeof(waiter));
        return 0;
}
