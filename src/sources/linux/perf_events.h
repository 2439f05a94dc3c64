/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which event of which PMU counts what the block `perf` has. A processor with two kinds of cores has a PMU for each,
 * which counts on its own cores alone: an event is then chosen of each. */
#pragma once
#include "model/field.h"

enum { DN_PERF_PMUS = 8, DN_PERF_FIELDS = 11 };

/* For perf_event_attr. */
struct dn_perf_event {
        uint32_t type;
        uint64_t config, config1, config2;
};

/* A field, with the same event of each PMU. */
struct dn_perf_choice {
        int field; /* of DN_PERF */
        int group; /* those of one group are counted together or not at all; -1: of the kernel's own, always counted */
        uint32_t n;
        struct dn_perf_event event[DN_PERF_PMUS];
        uint8_t pmu[DN_PERF_PMUS]; /* of each the number of its PMU, the same for all fields */
};

struct dn_perf_choices {
        uint32_t n; /* the kernel's own come first */
        struct dn_perf_choice of[DN_PERF_FIELDS];
};

enum { DN_PERF_GROUPS = 3 };

/* `sys`: a descriptor of /sys, in whose place a test puts another; -1: there is none. What the kernel then really
 * counts, only opening it tells. */
void dn_perf_choose(int sys, struct dn_perf_choices *ret_choices);
