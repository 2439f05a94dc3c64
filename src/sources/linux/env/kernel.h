/* SPDX-License-Identifier: GPL-3.0-or-later
 * The kernel: its release, its name for this host, and what it was told to do. Each writes keys of the env record, or
 * leaves them out. */
#pragma once
#include "base/json_write.h"

void dn_env_host(struct dn_json *json, int proc);    /* host */
void dn_env_kernel(struct dn_json *json, int proc);  /* kernel: its release; kernel_version, arch */
void dn_env_started(struct dn_json *json, int proc); /* kernel_parameters: those of its command line that matter here */
void dn_env_thp(struct dn_json *json, int sys);      /* thp_enabled, thp_defrag: "always [madvise] never" */
void dn_env_cgroup(struct dn_json *json, int proc);  /* cgroup: /proc/self/cgroup, all its lines */
void dn_env_settings(struct dn_json *json, int proc, int sys); /* clock_source, randomize_va_space */
void dn_env_mitigations(struct dn_json *json, int sys); /* mitigations: by vulnerability, what the kernel says of it */
void dn_env_load(struct dn_json *json, int proc);       /* load_average, of 1, 5 and 15 minutes; uptime_secs */
