/* SPDX-License-Identifier: GPL-3.0-or-later
 * The env record for a given affinity (NULL: not known), which no root can stand in for. */
#pragma once
#include "sources/env.h"
#include "sources/linux/env/cpus.h"

void dn_env_write_for(struct dn_text *text, const struct dn_env_roots *roots, int64_t unix_ms,
                      const struct dn_cpus *affinity);
