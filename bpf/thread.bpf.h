/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * A thread's storage, which makes it a member of the tree, and its number: what both objects have. */
#pragma once
#include "kernel.h" /* before what uses its types */

#include "abi.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
        __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
        __uint(map_flags, BPF_F_NO_PREALLOC);
        __type(key, int);
        __type(value, struct dn_bpf_thread);
} threads SEC(".maps");

/* As it is numbered in the PID namespace of that level. 0: it is not known there. The pointer is a number: to one that
 * is known as a pointer, verifiers up to 6.1 let nothing be added that is not constant; and for each pointer that is
 * followed by its type, those of today look through all of the kernel's types, which takes a millisecond of the
 * loading. */
static __always_inline __u32 number_in(struct pid *pid, unsigned int level) {
        int nr = 0;

        if (!pid || level > BPF_CORE_READ(pid, level) || level > 32)
                return 0;
        bpf_probe_read_kernel(&nr, sizeof(nr),
                              (char *)pid + bpf_core_field_offset(struct pid, numbers) +
                                      level * bpf_core_type_size(struct upid));
        return nr;
}

static __always_inline struct dn_bpf_thread *thread_of(struct task_struct *task) {
        return bpf_task_storage_get(&threads, task, NULL, 0);
}
