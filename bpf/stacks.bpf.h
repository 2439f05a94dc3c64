/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * Stacks of the thread that runs. The user's is walked by frame pointers, which libraries mostly lack: the walk, and
 * what on top of the stack could be return addresses into the program, tell stacks apart; of each new one the registers
 * and the top go to user space, which unwinds it once. */
#pragma once
#include "tree.bpf.h"

#define STACK_TRACES(name) \
        struct { \
                __uint(type, BPF_MAP_TYPE_STACK_TRACE); \
                __uint(max_entries, DN_BPF_STACKS); \
                __uint(key_size, sizeof(__u32)); \
                __uint(value_size, DN_BPF_STACK_DEPTH * sizeof(__u64)); \
        } name SEC(".maps")
STACK_TRACES(kernel_stacks);
STACK_TRACES(user_stacks);

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __uint(max_entries, DN_BPF_STACKS);
        __type(key, struct dn_bpf_stack_key);
        __type(value, struct dn_bpf_stack_sum);
} stacks SEC(".maps");

/* Which user stacks were sent: tgid, exec and user alone are set. */
struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __uint(max_entries, DN_BPF_STACKS);
        __type(key, struct dn_bpf_stack_key);
        __type(value, __u8);
} sent SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, 4096);
} events SEC(".maps");

/* Words from the stack pointer on that are looked at for return addresses into the program itself. */
enum { TOP_WORDS = 64 };

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, 1);
        __type(key, __u32);
        __type(value, __u64[TOP_WORDS]);
} top SEC(".maps");

static __always_inline __u64 user_sp(struct pt_regs *regs) {
#if defined(__TARGET_ARCH_x86) || defined(__TARGET_ARCH_arm64)
        return regs->sp;
#else
        return 0;
#endif
}

/* Of the program's return addresses on top; it is the same each time that the same functions wait. */
static __always_inline __u32 mark_of_top(struct task_struct *task, __u64 sp) {
        struct mm_struct *mm = task->mm;
        __u32 zero = 0, mark = 1;
        __u64 *words = bpf_map_lookup_elem(&top, &zero), start, end;

        if (!mm || !words || bpf_probe_read_user(words, TOP_WORDS * sizeof(*words), (void *)sp) < 0)
                return mark;
        start = mm->start_code;
        end = mm->end_code;
        for (int i = 0; i < TOP_WORDS; i++)
                if (words[i] >= start && words[i] < end)
                        mark = mark * 16777619 ^ (__u32)(words[i] - start);
        return mark;
}

/* How far below the stack pointer a function that calls nobody may keep what it saves: interrupted, it has it there. */
#if defined(__TARGET_ARCH_x86)
enum { RED_ZONE = 128 };
#else
enum { RED_ZONE = 0 };
#endif

static __always_inline void send_stack(struct task_struct *task, struct dn_bpf_thread *thread,
                                       const struct dn_bpf_stack_key *key, struct pt_regs *regs) {
        struct dn_bpf_stack *stack = bpf_ringbuf_reserve(&events, sizeof(*stack), 0);
        __u64 start = user_sp(regs) - RED_ZONE;
        __u32 size = DN_BPF_STACK_BYTES;

        if (!stack) {
                ADD(shared.lost_stacks, 1);
                bpf_map_delete_elem(&sent, key); /* the next one like it may fit */
                return;
        }
        stack->kind = DN_BPF_EVENT_STACK;
        stack->tgid = thread->tgid;
        stack->tid = thread->tid;
        stack->exec = key->exec;
        stack->user = key->user;
        bpf_get_current_comm(stack->comm, sizeof(stack->comm));
        stack->n_registers = bpf_core_type_size(struct pt_regs) / sizeof(__u64);
        if (stack->n_registers > DN_BPF_REGISTERS)
                stack->n_registers = DN_BPF_REGISTERS;
        bpf_probe_read_kernel(stack->registers, (stack->n_registers & 63) * sizeof(__u64), regs);
        if (RED_ZONE > 0 && bpf_probe_read_user(stack->bytes, RED_ZONE, (void *)start) < 0)
                start += RED_ZONE; /* a page that nothing was written to yet */
        /* Near the end of the mapping there may be less of it than we could take. */
        while (size >= 256 && bpf_probe_read_user(stack->bytes, size, (void *)start) < 0)
                size /= 2;
        stack->start = start;
        stack->size = size < 256 ? 0 : size;
        bpf_ringbuf_submit(stack, 0);
}

/* Where another stack has the place that its hash gives it, it is none: better than to be taken for that one. */
static __always_inline long stack_of(void *ctx, void *map, __u64 flags) {
        long id = bpf_get_stackid(ctx, map, flags);

        if (id == -EEXIST)
                ADD(shared.lost_stacks, 1);
        return id;
}

/* Fills in kernel, frames and user of the key. The task is the one that runs. */
static __always_inline void take_stacks(void *ctx, struct task_struct *task, struct dn_bpf_thread *thread,
                                        struct dn_bpf_stack_key *key) {
        struct dn_bpf_stack_key seen = {0};
        struct pt_regs *regs;
        __u8 yes = 1;

        key->kernel = stack_of(ctx, &kernel_stacks, 0);
        key->frames = stack_of(ctx, &user_stacks, BPF_F_USER_STACK);
        if (key->frames < 0 || !task->mm)
                return;
        regs = (struct pt_regs *)bpf_task_pt_regs(task);
        key->exec = (__u32)task->self_exec_id;
        key->user = (__u64)mark_of_top(task, user_sp(regs)) << 32 | (__u32)key->frames | 1ULL << 31;
        seen.tgid = thread->tgid;
        seen.exec = key->exec;
        seen.user = key->user;
        if (bpf_map_update_elem(&sent, &seen, &yes, BPF_NOEXIST) == 0)
                send_stack(task, thread, &seen, regs);
}

static __always_inline void add_stack(const struct dn_bpf_stack_key *key, __u64 ns) {
        struct dn_bpf_stack_sum *sum = bpf_map_lookup_elem(&stacks, key), first = {ns, 1};

        if (sum) {
                ADD(sum->total_ns, ns);
                ADD(sum->count, 1);
        } else if (failed(bpf_map_update_elem(&stacks, key, &first, BPF_NOEXIST)))
                ADD(shared.lost_stacks, 1);
}

/* The name of the kernel's function at an address; run on demand. */
SEC("raw_tp")
int print_name(void *ctx) {
        BPF_SNPRINTF(shared.name, sizeof(shared.name), "%ps", shared.address);
        return 0;
}
