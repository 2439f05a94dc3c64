/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) OR GPL-3.0-or-later
 * Functions of the kernel that programs may call (kfuncs). To have libbpf look one up, it goes through all of the
 * kernel's types. So a program calls a number of ours, and who loads it puts the kernel's there; on a kernel that lacks
 * one of its functions, a program stays out. https://docs.kernel.org/bpf/kfuncs.html */
#pragma once

/* In the order of their numbers. The first: since Linux 6.7; the two of pids: since 6.2. */
#define DN_KFUNCS(X) \
        X(bpf_iter_task_new) \
        X(bpf_iter_task_next) \
        X(bpf_iter_task_destroy) \
        X(bpf_task_from_pid) \
        X(bpf_task_release)

#define DN_KFUNC_NUMBER(name) DN_KFUNC_##name,
enum { DN_KFUNC_FIRST = 0x6b660000, DN_KFUNC_BEFORE = DN_KFUNC_FIRST - 1, DN_KFUNCS(DN_KFUNC_NUMBER) DN_KFUNC_END };
#undef DN_KFUNC_NUMBER

#ifdef __bpf__
struct dn_task_iterator { /* the kernel's struct bpf_iter_task, which it has for its own */
        __u64 opaque[3];
};
enum { BPF_TASK_ITER_ALL_PROCS };

#define DN_KFUNC(result, name, ...) static result (*const name)(__VA_ARGS__) = (void *)DN_KFUNC_##name
DN_KFUNC(int, bpf_iter_task_new, struct dn_task_iterator *, struct task_struct *, unsigned int);
DN_KFUNC(struct task_struct *, bpf_iter_task_next, struct dn_task_iterator *);
DN_KFUNC(void, bpf_iter_task_destroy, struct dn_task_iterator *);
DN_KFUNC(struct task_struct *, bpf_task_from_pid, int);
DN_KFUNC(void, bpf_task_release, struct task_struct *);
#endif
