/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stacks with their names: user stacks are unwound and named as they come, kernel stacks at the end. */
#pragma once
#include "modules/ebpf/ebpf.h"

struct dn_ebpf_stacks;

int dn_ebpf_stacks_new(const struct dn_ebpf *e, struct dn_ebpf_stacks **ret_stacks); /* 0 or -errno */
/* In the thread of the ring: one of its stacks; what the kernel has said of mappings meanwhile. */
void dn_ebpf_stacks_take(struct dn_ebpf *e, const struct dn_bpf_stack *stack);
void dn_ebpf_stacks_hear(struct dn_ebpf_stacks *s);
uint64_t dn_ebpf_stacks_lost(const struct dn_ebpf_stacks *s); /* what the kernel said of mappings, unheard */
/* When nothing comes any more: rows of the exit record, and the files of folded stacks. 0 or -ENOMEM; `why` says what
 * could not be written. */
int dn_ebpf_stacks_write(struct dn_ebpf *e, struct dn_pass *pass, struct dn_text *why);
struct dn_ebpf_stacks *dn_ebpf_stacks_free(struct dn_ebpf_stacks *s);
