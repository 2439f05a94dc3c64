/* SPDX-License-Identifier: GPL-3.0-or-later
 * What there is to say of the machine, once: the env record, and the facts of it that the metadata record has too. */
#pragma once
#include "base/text.h"

/* Held directories, in whose place a test puts recorded ones: /proc, /sys and /. The caller's; -1: there is none. */
struct dn_env_roots {
        int proc, sys, root;
};

/* Appends the env record, a line without its newline. What cannot be found out is left out. `directory` is the
 * command's working directory (NULL: this process's), `output` (NULL: none) where records will go. */
void dn_env_write(struct dn_text *text, const struct dn_env_roots *roots, int64_t unix_ms, const char *directory,
                  const char *output);

/* Appends the name of this host. 0 or -errno. */
int dn_hostname(int proc, struct dn_text *text);

int64_t dn_memory_total_kb(int proc); /* -1: not known */

/* The smallest memory limit of the cgroups that this process is in; -1: none that is below the machine's memory. */
int64_t dn_memory_limit_kb(int proc, int sys);

/* The smallest CPU limit of those cgroups, in thousandths of a core; -1: none. */
int64_t dn_cores_limit_milli(int proc, int sys);

int64_t dn_usable_cores(void); /* by affinity; 0: not known */
