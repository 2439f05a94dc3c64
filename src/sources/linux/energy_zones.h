/* SPDX-License-Identifier: GPL-3.0-or-later
 * The energy counters of the machine: zones of powercap (Documentation/power/powercap/powercap.rst), which on AMD's
 * processors are called intel-rapl too. */
#pragma once
#include "base/text.h"

/* A core, and memory where it is of a package, are in what their package counts, and the packages in what the platform
 * does: sums are over one kind. */
enum dn_energy_kind { DN_ENERGY_PACKAGE, DN_ENERGY_CORE, DN_ENERGY_DRAM, DN_ENERGY_PLATFORM, DN_ENERGY_KINDS };

enum { DN_ENERGY_ZONES = 64, DN_ENERGY_NAME = 40 };

struct dn_energy_zone {
        char entry[DN_ENERGY_NAME]; /* intel-rapl:0:1 */
        char name[DN_ENERGY_NAME];  /* package-0, core, dram, psys */
        int kind;
        int fd;            /* of energy_uj, held */
        uint64_t range_uj; /* the counter begins again from 0 behind it; 0: not known */
        uint64_t last_uj;
        bool known; /* last_uj is read */
};

struct dn_energy_zones {
        uint32_t n;
        struct dn_energy_zone of[DN_ENERGY_ZONES]; /* in the order of their entries */
        uint64_t sum_uj[DN_ENERGY_KINDS];          /* since the first reading */
        bool has[DN_ENERGY_KINDS];
};

/* Opens those below /sys (in whose place a test puts another) that may be read. 0; -ENOENT: there is none; -EACCES,
 * -EPERM: none may be read. */
int dn_energy_zones_open(struct dn_energy_zones *zones, int sys);
void dn_energy_zones_close(struct dn_energy_zones *zones);

/* Adds what came since the last reading. `slept`: the machine did, and counters may have begun anew. Returns how many
 * could be read. */
uint32_t dn_energy_zones_read(struct dn_energy_zones *zones, bool slept);

/* What a counter grew by. */
uint64_t dn_energy_step(uint64_t last_uj, uint64_t now_uj, uint64_t range_uj, bool slept);

/* Their names, a sub-zone's behind its zone's: "package-0 package-0/core". */
void dn_energy_zones_list(const struct dn_energy_zones *zones, struct dn_text *names);
