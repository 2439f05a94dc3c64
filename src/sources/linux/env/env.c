/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/env.h"
#include "base/guard.h"
#include "base/json_write.h"
#include "sources/linux/env/batch.h"
#include "sources/linux/env/container.h"
#include "sources/linux/env/cpu.h"
#include "sources/linux/env/cpu_model.h"
#include "sources/linux/env/driver.h"
#include "sources/linux/env/filesystem.h"
#include "sources/linux/env/kernel.h"
#include "sources/linux/env/numa.h"
#include "sources/linux/env/pages.h"

#include <limits.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

enum { SIGNATURE = 13 };

static void write_processors(struct dn_json *json, const struct dn_env_roots *roots, const struct dn_cpus *affinity,
                             struct dn_str cpuinfo) {
        dn_env_lscpu(json, cpuinfo, roots->sys);
        dn_env_numa(json, roots->sys);
        if (affinity) {
                dn_env_affinity(json, affinity);
                dn_env_frequency(json, roots->sys, affinity);
        }
        dn_env_idle(json, roots->sys);
        dn_env_cpu_sets(json, roots->sys);
}

static void write_limits(struct dn_json *json, const struct dn_env_roots *roots) {
        int64_t cores_milli = dn_cores_limit_milli(roots->proc, roots->sys);

        dn_env_cgroup(json, roots->proc);
        if (cores_milli >= 0)
                dn_json_key_fixed(json, DN_STR("cores_limit"), cores_milli, 3);
}

void dn_env_write_for(struct dn_text *text, const struct dn_env_roots *roots, int64_t unix_ms,
                      const struct dn_env_here *here) {
        dn_autotext struct dn_text cpuinfo = {0};
        struct dn_json json = {.text = text};

        (void)dn_cpuinfo_read(roots->proc, &cpuinfo);
        dn_json_object(&json);
        dn_json_key_string(&json, DN_STR("kind"), DN_STR("env"));
        dn_json_key_i64(&json, DN_STR("ts_ms"), unix_ms);
        dn_env_host(&json, roots->proc);
        dn_env_kernel(&json, roots->proc);
        dn_env_started(&json, roots->proc);
        dn_env_hardware(&json, roots->sys);
        dn_env_virtualisation(&json, roots->proc, roots->sys, dn_text_str(&cpuinfo), here->hypervisor);
        dn_env_container(&json, roots->proc, roots->root, here->environment);
        write_processors(&json, roots, here->affinity, dn_text_str(&cpuinfo));
        dn_env_memory(&json, roots->proc, roots->sys);
        dn_env_thp(&json, roots->sys);
        dn_env_smt(&json, roots->sys);
        dn_env_settings(&json, roots->proc, roots->sys);
        dn_env_mitigations(&json, roots->sys);
        dn_env_load(&json, roots->proc);
        write_limits(&json, roots);
        dn_env_gpus(&json, roots->proc, roots->sys);
        dn_env_file_systems(&json, roots->proc, roots->sys, here->directory, here->output);
        dn_env_batch(&json, here->environment);
        dn_json_object_end(&json);
}

/* In a virtual machine the processor says whose it is. Nothing of it elsewhere, nor on another kind of processor. */
static const char *find_hypervisor(char signature[SIGNATURE]) {
#if defined(__x86_64__) || defined(__i386__)
        enum { FEATURES = 1, HYPERVISOR = 0x40000000, PRESENT = 31 };
        unsigned eax, ebx, ecx, edx;

        __cpuid(FEATURES, eax, ebx, ecx, edx);
        if (!(ecx >> PRESENT & 1))
                return NULL;
        __cpuid(HYPERVISOR, eax, ebx, ecx, edx);
        memcpy(signature, &ebx, sizeof(ebx));
        memcpy(signature + 4, &ecx, sizeof(ecx));
        memcpy(signature + 8, &edx, sizeof(edx));
        signature[SIGNATURE - 1] = '\0';
        return signature;
#else
        (void)signature;
        return NULL;
#endif
}

/* Of a file that is not there yet the directory will do: whoever reads it cannot tell them apart. */
static char *place_of(const char *path) {
        dn_autofree char *directory = NULL;
        char *place = path ? realpath(path, NULL) : NULL, *slash;

        if (place || !path)
                return place;
        slash = strrchr(path, '/');
        directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
        return directory ? realpath(directory, NULL) : NULL;
}

void dn_env_write(struct dn_text *text, const struct dn_env_roots *roots, int64_t unix_ms, const char *directory,
                  const char *output) {
        dn_autofree char *here = place_of(directory ? directory : "."), *there = place_of(output);
        char signature[SIGNATURE];
        struct dn_cpus affinity;
        const struct dn_env_here what = {
                .affinity = dn_cpus_affinity(&affinity) < 0 ? NULL : &affinity,
                .hypervisor = find_hypervisor(signature),
                .environment = environ,
                .directory = here,
                .output = there,
        };

        dn_env_write_for(text, roots, unix_ms, &what);
}

int64_t dn_usable_cores(void) {
        struct dn_cpus affinity;

        return dn_cpus_affinity(&affinity) < 0 ? 0 : dn_cpus_count(&affinity);
}
