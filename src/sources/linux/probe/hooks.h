/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tracepoints that a BPF program can be attached to, by the names in the kernel's description of its types. Reading
 * them takes a millisecond; parsing the whole, as libbpf does, takes several. */
#pragma once
#include "base/text.h"

/* ret_there[i]: the kernel has names[i]. `sys` is /sys. 0; -errno, -EBADMSG: the kernel does not say. */
int dn_hooks_find(int sys, const char *const *names, size_t n, bool *ret_there);
