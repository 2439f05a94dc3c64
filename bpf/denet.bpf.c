/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * What runs in the kernel: one object, whose parts are loaded as they are asked for; the sampler is another. */
#include "disk.bpf.h"
#include "ends.bpf.h"
#include "look.bpf.h"
#include "net.bpf.h"
#include "net_calls.bpf.h"
#include "oncpu.bpf.h"
#include "switch.bpf.h"
#include "syscalls.bpf.h"
#include "tree.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
