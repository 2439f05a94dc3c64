/* SPDX-License-Identifier: GPL-3.0-or-later
 * Readings of one process into its row, for all who need them. `number` is the snapshot's. */
#pragma once
#include "sources/linux/procfs.h"
#include "sources/linux/task_clock.h"

/* CPU time, faults, threads, state from the CPU clock and stat. 0; -ESRCH: it has gone; others: not readable. */
int dn_process_read_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, uint32_t number);
/* Bytes and calls from io; absent where it may not be read. */
void dn_process_read_io(struct dn_procfs *p, struct dn_row *row, uint32_t number);
/* Memory from statm. False: nothing is known of it, or not what will stand (the leader has ended, its threads live). */
bool dn_process_read_memory(struct dn_procfs *p, struct dn_row *row, uint32_t number);
