/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a PMU says of itself in /sys/bus/event_source/devices: Documentation/ABI/testing,
 * sysfs-bus-event_source-devices-events and -format. */
#pragma once
#include "base/str.h"

enum { DN_PMU_CONFIGS = 3 }; /* config, config1, config2 of a perf_event_attr */

/* Where a term's value goes: "config:0-7,32-35". */
struct dn_pmu_bits {
        int config;
        uint64_t mask;
};

/* A file of format/. 0 or -EBADMSG; *ret_bits is then untouched. */
int dn_pmu_format_parse(struct dn_str line, struct dn_pmu_bits *ret_bits);

/* A term of a file of events/: "event=0x3c,umask=0x01,inv". One without a value has 1. */
struct dn_pmu_term {
        struct dn_str name;
        uint64_t value;
};

/* Cuts the next term off the front. 1; 0: there is none; -EBADMSG: it has no number that fits, as in "event=?". */
int dn_pmu_term_next(struct dn_str *rest, struct dn_pmu_term *ret_term);

/* Lays the value's bits into those of the mask, from the lowest on. 0 or -ERANGE: there are fewer. */
int dn_pmu_put(const struct dn_pmu_bits *bits, uint64_t value, uint64_t config[DN_PMU_CONFIGS]);
