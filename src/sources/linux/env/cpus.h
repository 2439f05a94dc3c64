/* SPDX-License-Identifier: GPL-3.0-or-later
 * A set of small numbers, as the kernel lists CPUs and NUMA nodes: "0-3,7". */
#pragma once
#include "base/text.h"

/* Eight times the most that a kernel can be built for (NR_CPUS on x86). */
enum { DN_CPUS_MAX = 65536, DN_CPUS_WORD = 8 * sizeof(unsigned long) };

struct dn_cpus {
        unsigned long words[DN_CPUS_MAX / DN_CPUS_WORD]; /* laid out as a cpu_set_t is */
};

static inline bool dn_cpus_has(const struct dn_cpus *cpus, int cpu) {
        return cpus->words[cpu / DN_CPUS_WORD] >> cpu % DN_CPUS_WORD & 1;
}

/* The first one from `from` on, or -1: `for (int c = dn_cpus_next(s, 0); c >= 0; c = dn_cpus_next(s, c + 1))`. */
int dn_cpus_next(const struct dn_cpus *cpus, int from);
int dn_cpus_count(const struct dn_cpus *cpus);

void dn_cpus_add(struct dn_cpus *cpus, int cpu);
void dn_cpus_remove(struct dn_cpus *cpus, const struct dn_cpus *which);
void dn_cpus_keep(struct dn_cpus *cpus, const struct dn_cpus *which); /* those of `which` alone */

/* Blanks around the list, and an empty one, are fine. 0 or -EBADMSG; *ret_cpus is then untouched. */
int dn_cpus_parse(struct dn_str list, struct dn_cpus *ret_cpus);
int dn_cpus_read(int directory, const char *path, struct dn_cpus *ret_cpus); /* a file of one list; 0 or -errno */
void dn_cpus_write(const struct dn_cpus *cpus, struct dn_text *text);

/* Where this process may run; offline ones are not in it. 0 or -errno. */
int dn_cpus_affinity(struct dn_cpus *ret_cpus);
