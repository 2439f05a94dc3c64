/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/env.h"
#include "base/json_write.h"
#include "sources/linux/env/cpu.h"
#include "sources/linux/env/driver.h"
#include "sources/linux/env/kernel.h"
#include "sources/linux/env/numa.h"

void dn_env_write_for(struct dn_text *text, const struct dn_env_roots *roots, int64_t unix_ms,
                      const struct dn_cpus *affinity) {
        struct dn_json json = {.text = text};

        dn_json_object(&json);
        dn_json_key_string(&json, DN_STR("kind"), DN_STR("env"));
        dn_json_key_i64(&json, DN_STR("ts_ms"), unix_ms);
        dn_env_host(&json, roots->proc);
        dn_env_kernel(&json, roots->proc);
        dn_env_lscpu(&json, roots->proc, roots->sys);
        dn_env_numa(&json, roots->sys);
        if (affinity) {
                dn_env_affinity(&json, affinity);
                dn_env_frequency(&json, roots->sys, affinity);
        }
        dn_env_thp(&json, roots->sys);
        dn_env_smt(&json, roots->sys);
        dn_env_cgroup(&json, roots->proc);
        dn_env_gpus(&json, roots->proc, roots->sys);
        dn_json_object_end(&json);
}

void dn_env_write(struct dn_text *text, const struct dn_env_roots *roots, int64_t unix_ms, const char *output) {
        struct dn_cpus affinity;

        (void)output;
        dn_env_write_for(text, roots, unix_ms, dn_cpus_affinity(&affinity) < 0 ? NULL : &affinity);
}

int64_t dn_usable_cores(void) {
        struct dn_cpus affinity;

        return dn_cpus_affinity(&affinity) < 0 ? 0 : dn_cpus_count(&affinity);
}
