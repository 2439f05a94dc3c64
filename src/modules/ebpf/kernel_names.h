/* SPDX-License-Identifier: GPL-3.0-or-later
 * Names of the kernel's functions: by /proc/kallsyms where it shows addresses, else one by one by a program that prints
 * them (%ps). */
#pragma once
#include "modules/ebpf/ebpf.h"
#include "modules/symbols/symbols.h"

int dn_ebpf_name_kernel(struct dn_ebpf *e, struct dn_symbols *symbols, const struct dn_stack *stack,
                        struct dn_frames *frames); /* 0 or -ENOMEM */
