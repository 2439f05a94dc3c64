/* SPDX-License-Identifier: GPL-3.0-or-later
 * The kernel's own description of its types (BTF, /sys/kernel/btf/vmlinux): more than a hundred thousand of them, in
 * five megabytes. libbpf goes through all for each structure that a program reads and each hook; here is one pass, for
 * an extract that it finds its way in. https://docs.kernel.org/bpf/btf.html */
#pragma once
#include "base/text.h"

/* What a program is attached to, by the type that the kernel has for it; or a function that it calls. */
struct dn_kernel_number {
        struct dn_str name; /* btf_trace_sched_switch, bpf_iter_task, bpf_task_from_pid */
        uint32_t id;        /* its number in the kernel's description; 0: it has none of that name */
};

/* Looks up the numbers, and appends to ret_btf a BTF of the structures, unions, enumerations and other names for types
 * that are called one of `names`, with what stands in them; what their pointers point to is left out. A name that the
 * kernel does not have is passed over. 0, -ENOMEM, or -EBADMSG: `btf` is broken, or newer than we are. */
int dn_kernel_types_extract(struct dn_str btf, const struct dn_str *names, size_t n_names,
                            struct dn_kernel_number *numbers, size_t n_numbers, struct dn_text *ret_btf);
