/* SPDX-License-Identifier: GPL-3.0-or-later
 * Of the running kernel's types (/sys/kernel/btf/vmlinux), the extract that an object's programs need. */
#pragma once
#include "modules/ebpf/kernel_types.h"

struct btf;

/* Appends it to ret_btf, and finds the numbers. `own` are the object's types, by which it names the kernel's. 0, or
 * -errno: it cannot be made here. */
int dn_extract_make(const struct btf *own, struct dn_kernel_number *numbers, size_t n, struct dn_text *ret_btf);
