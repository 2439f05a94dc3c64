/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signals to processes that are surely the ones meant: by a descriptor of the process, which no other ever takes over.
 */
#pragma once
#include <stdint.h>

int dn_pidfd_open(int64_t pid);     /* a descriptor, or -errno: -ESRCH */
int dn_kill(int pidfd, int number); /* 0; -ESRCH when it has ended, -EPERM */
