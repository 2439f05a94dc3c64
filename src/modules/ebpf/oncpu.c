/* SPDX-License-Identifier: GPL-3.0-or-later
 * A clock of perf's on each processor, which has our program look at who runs: perf_event_open(2),
 * PERF_COUNT_SW_CPU_CLOCK. */
#include "modules/ebpf/ebpf.h"

#include "denet.skel.h"
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HERTZ = 99 }; /* out of step with what runs a hundred times a second */

static int open_clock(struct dn_ebpf *e, int cpu) {
        struct perf_event_attr attr = {
                .type = PERF_TYPE_SOFTWARE,
                .size = sizeof(attr),
                .config = PERF_COUNT_SW_CPU_CLOCK,
                .freq = 1,
                .sample_freq = HERTZ,
        };
        int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
        int program = bpf_program__fd(e->programs->progs.on_clock), r;

        if (fd < 0)
                return -errno;
        if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) == 0 && ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0)
                return fd;
        r = -errno;
        close(fd);
        return r;
}

int dn_ebpf_oncpu_open(struct dn_ebpf *e) {
        int r = -ENODEV;

        e->clocks = malloc(e->n_processors * sizeof(*e->clocks));
        if (!e->clocks)
                return -ENOMEM;
        for (uint32_t cpu = 0; cpu < e->n_processors; cpu++) {
                e->clocks[cpu] = open_clock(e, (int)cpu); /* one that is not online has none */
                if (e->clocks[cpu] >= 0)
                        r = 0;
                else if (r == -ENODEV)
                        r = e->clocks[cpu];
        }
        return r;
}

void dn_ebpf_oncpu_close(struct dn_ebpf *e) {
        for (uint32_t cpu = 0; e->clocks && cpu < e->n_processors; cpu++)
                if (e->clocks[cpu] >= 0)
                        close(e->clocks[cpu]);
        free(e->clocks);
        e->clocks = NULL;
}
