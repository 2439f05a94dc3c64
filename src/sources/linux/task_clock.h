/* SPDX-License-Identifier: GPL-3.0-or-later
 * CPU time to the moment. A process's CPU clock moves at ticks and switches: of one that is running it lags by up to a
 * tick (4 ms where HZ is 250), too much for samples a few milliseconds apart. perf's task clock of its threads is read
 * to the moment (perf_event_open(2), PERF_COUNT_SW_TASK_CLOCK), needs no rights up to perf_event_paranoid 2, and costs
 * some 6 us; so it is asked for those alone that may be running, when samples are close. */
#pragma once
#include "sources/linux/procfs.h"

struct dn_task_clocks {
        struct dn_task_clock *by_slot;
        uint32_t room, open; /* slots; descriptors now open */
        bool refused;        /* not allowed here, or the kernel is older than 5.13 */
};

/* The process's CPU time now, at least clock_ns, which is what its CPU clock says. */
int64_t dn_task_clock_read(struct dn_task_clocks *clocks, struct dn_procfs *p, const struct dn_row *row,
                           int64_t clock_ns);
void dn_task_clock_forget(struct dn_task_clocks *clocks, uint32_t slot);
void dn_task_clock_close(struct dn_task_clocks *clocks);
