/* SPDX-License-Identifier: GPL-3.0-or-later
 * Readings of one process into its row, for all who need them. `number` is the snapshot's. */
#pragma once
#include "sources/linux/parse_io.h"
#include "sources/linux/parse_stat.h"
#include "sources/linux/procfs.h"
#include "sources/linux/task_clock.h"

/* What its CPU clock says, in ns; -1: nothing. */
int64_t dn_process_clock_ns(const struct dn_procfs *p, int64_t pid);
/* stat into the row, which has CPU time by the clock then; to the moment with `clocks`, which may be NULL. *ret_stat is
 * what was read. 0; -ESRCH: it has gone; others: not readable. */
int dn_process_take_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, int64_t clock_ns,
                         struct dn_task_clocks *clocks, uint32_t number, struct dn_stat *ret_stat);
/* The same of what is in *st already, whose state may become that of its threads. 0; -ESRCH: it has gone. */
int dn_process_set_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, struct dn_stat *st,
                        int64_t clock_ns, struct dn_task_clocks *clocks, uint32_t number);
void dn_process_set_io(struct dn_row *row, const struct dn_io *io, uint32_t number);
/* CPU time, faults, threads, state from the CPU clock and stat. 0; -ESRCH: it has gone; others: not readable. */
int dn_process_read_stat(struct dn_procfs *p, struct dn_member *member, struct dn_row *row, uint32_t number);
/* Bytes and calls from io; absent where it may not be read. */
void dn_process_read_io(struct dn_procfs *p, struct dn_row *row, uint32_t number);
/* Memory from statm. False: nothing is known of it, or not what will stand (the leader has ended, its threads live). */
bool dn_process_read_memory(struct dn_procfs *p, struct dn_row *row, uint32_t number);
