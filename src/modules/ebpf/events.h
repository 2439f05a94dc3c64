/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the programs tell through their ring: threads that have ended, and user stacks to be unwound. Where stacks are
 * taken, a thread of its own waits for them, since a process may not be there for long; else they are taken in a pass.
 */
#pragma once
#include "modules/ebpf/ebpf.h"

int dn_ebpf_events_open(struct dn_ebpf *e); /* 0 or -errno */
/* Takes what has come; where a thread does, it has nothing to do. */
void dn_ebpf_events_take(struct dn_ebpf *e);
/* The thread takes what is left, and ends; from then on its stacks are the caller's. */
void dn_ebpf_events_finish(struct dn_ebpf *e);
void dn_ebpf_events_close(struct dn_ebpf *e);
