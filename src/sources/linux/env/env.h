/* SPDX-License-Identifier: GPL-3.0-or-later
 * The env record for what no root can stand in for; each may be NULL: not known. */
#pragma once
#include "sources/env.h"
#include "sources/linux/env/cpus.h"

struct dn_env_here {
        const struct dn_cpus *affinity;
        const char *hypervisor; /* who runs this machine, as the processor says it: "KVMKVMKVM" */
        char *const *environment;
        const char *directory, *output; /* absolute, without links */
};

void dn_env_write_for(struct dn_text *text, const struct dn_env_roots *roots, int64_t unix_ms,
                      const struct dn_env_here *here);
