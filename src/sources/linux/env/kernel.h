/* SPDX-License-Identifier: GPL-3.0-or-later
 * The kernel: its release, its name for this host, and what it was told to do. Each writes a key of the env record, or
 * leaves it out. */
#pragma once
#include "base/json_write.h"

void dn_env_host(struct dn_json *json, int proc);   /* host */
void dn_env_kernel(struct dn_json *json, int proc); /* kernel: its release */
void dn_env_thp(struct dn_json *json, int sys);     /* thp_enabled: the whole choice, "always [madvise] never" */
void dn_env_cgroup(struct dn_json *json, int proc); /* cgroup: /proc/self/cgroup, all its lines */
