/* SPDX-License-Identifier: GPL-3.0-or-later
 * The files of a cgroup, of version 2 (cgroup-v2.rst) and of version 1. Each gives 0, or -EBADMSG where what is asked
 * for is missing or no number; results are then untouched. */
#pragma once
#include "base/str.h"

/* cpu.stat of version 2. The last two are there where the cpu controller is. */
struct dn_cgroup_cpu {
        uint64_t usage_usec, user_usec, system_usec;
        bool limited;
        uint64_t nr_throttled, throttled_usec;
};
int dn_cgroup_cpu_parse(struct dn_str file, struct dn_cgroup_cpu *ret_cpu);

/* cpu.stat of version 1: throttled_time, in nanoseconds there. */
int dn_cgroup_throttled_parse(struct dn_str file, uint64_t *ret_count, uint64_t *ret_usec);

/* cpuacct.stat: in clock ticks. */
int dn_cgroup_cpuacct_parse(struct dn_str file, uint64_t *ret_user_ticks, uint64_t *ret_system_ticks);

/* A file that is one number: memory.current, pids.peak, cpuacct.usage … "max" is none. */
int dn_cgroup_number_parse(struct dn_str file, uint64_t *ret_number);

/* memory.events, or memory.oom_control of version 1: its oom_kill. */
int dn_cgroup_oom_kills_parse(struct dn_str file, uint64_t *ret_kills);

/* pids.events: its max, how often a fork was refused. */
int dn_cgroup_refused_parse(struct dn_str file, uint64_t *ret_refused);

/* memory.stat of either version, what is below included: files' pages, but for those of shared memory. */
int dn_cgroup_page_cache_parse(struct dn_str file, uint64_t *ret_bytes);

/* blkio.throttle.io_service_bytes and io_serviced of version 1: "8:0 Read 4096", more lines a device. Cuts off the
 * lines up to the next that is a device's Read or Write. False at the end. */
struct dn_cgroup_blkio {
        uint64_t major, minor, value;
        bool write;
};
bool dn_cgroup_blkio_next(struct dn_str *rest, struct dn_cgroup_blkio *ret_blkio);

/* A line of io.stat. */
struct dn_cgroup_io {
        uint64_t major, minor;
        uint64_t rbytes, wbytes, rios, wios;
};
/* Cuts lines off the front up to the next with numbers. False at the end. */
bool dn_cgroup_io_next(struct dn_str *rest, struct dn_cgroup_io *ret_io);
