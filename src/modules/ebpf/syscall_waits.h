/* SPDX-License-Identifier: GPL-3.0-or-later
 * Why a thread that is in a system call waits, as far as the call alone tells. */
#pragma once
#include "bpf/abi.h"

#include <stdint.h>

/* Of enum dn_wait; DN_WAIT_BY_DESCRIPTOR: what its first argument is, tells. `number` is as the programs have them. */
enum dn_wait dn_syscall_wait(uint32_t number);
/* "pipe": as the records have it. A constant text. */
const char *dn_wait_name(uint32_t reason);
