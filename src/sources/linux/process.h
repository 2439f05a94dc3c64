/* SPDX-License-Identifier: GPL-3.0-or-later
 * Readings of one process into its row, for all who need them. `number` is the snapshot's. */
#pragma once
#include "sources/linux/procfs.h"
#include "sources/linux/task_clock.h"

/* CPU time, faults, threads, state from the CPU clock and stat; to the moment with `clocks`, which may be NULL. 0;
 * -ESRCH: it has gone; others: not readable. */
int dn_process_read_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, uint32_t number,
                         struct dn_task_clocks *clocks);
/* Bytes and calls from io; absent where it may not be read. */
void dn_process_read_io(struct dn_procfs *p, struct dn_row *row, uint32_t number);
