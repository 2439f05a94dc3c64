/* SPDX-License-Identifier: GPL-3.0-or-later
 * The processors. Each function writes keys of the env record, and leaves out what it cannot find. */
#pragma once
#include "base/json_write.h"
#include "sources/linux/env/cpus.h"

void dn_env_lscpu(struct dn_json *json, struct dn_str cpuinfo, int sys); /* lscpu: of what is online */

/* affinity_inherited; and of those CPUs: cpufreq_cpus, which have a frequency to speak of, and in their order
 * cpu_governor, cpu_freq_khz, cpu_max_freq_khz; cpufreq_driver and turbo. */
void dn_env_affinity(struct dn_json *json, const struct dn_cpus *affinity);
void dn_env_frequency(struct dn_json *json, int sys, const struct dn_cpus *affinity);
void dn_env_idle(struct dn_json *json, int sys); /* cpuidle_driver, cpuidle_governor */

/* cpus_isolated, cpus_nohz_full; of a processor with two kinds of cores cpus_core, cpus_atom. Absent where there are
 * none. */
void dn_env_cpu_sets(struct dn_json *json, int sys);
void dn_env_smt(struct dn_json *json, int sys); /* smt_active */
