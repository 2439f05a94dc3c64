/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/kernel.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/env.h"
#include "sources/linux/env/put.h"

/* All of a small file, trimmed. */
static int append_trimmed(int directory, const char *path, struct dn_text *text) {
        dn_autotext struct dn_text file = {0};
        int r = dn_file_append(directory, path, 65536, &file);
        struct dn_str s = dn_str_trim(dn_text_str(&file));

        if (r < 0)
                return r;
        if (s.n == 0)
                return -ENODATA;
        dn_text_put(text, s);
        return text->failed ? -ENOMEM : 0;
}

static void put_file(struct dn_json *json, struct dn_str key, int directory, const char *path) {
        dn_autotext struct dn_text value = {0};

        if (append_trimmed(directory, path, &value) == 0)
                dn_json_key_string(json, key, dn_text_str(&value));
}

int dn_hostname(int proc, struct dn_text *text) {
        return append_trimmed(proc, "sys/kernel/hostname", text);
}

void dn_env_host(struct dn_json *json, int proc) {
        put_file(json, DN_STR("host"), proc, "sys/kernel/hostname");
}

void dn_env_kernel(struct dn_json *json, int proc) {
        put_file(json, DN_STR("kernel"), proc, "sys/kernel/osrelease");
        put_file(json, DN_STR("kernel_version"), proc, "sys/kernel/version");
        put_file(json, DN_STR("arch"), proc, "sys/kernel/arch");
}

/* Its command line names disks and hosts too, so no other is copied. */
static const struct dn_str parameters[] = {
        DN_STR("amd_iommu"),
        DN_STR("amd_pstate"),
        DN_STR("cgroup_disable"),
        DN_STR("cgroup_enable"),
        DN_STR("cgroup_no_v1"),
        DN_STR("clocksource"),
        DN_STR("cpufreq.default_governor"),
        DN_STR("cpuidle.off"),
        DN_STR("default_hugepagesz"),
        DN_STR("hugepages"),
        DN_STR("hugepagesz"),
        DN_STR("idle"),
        DN_STR("intel_idle.max_cstate"),
        DN_STR("intel_iommu"),
        DN_STR("intel_pstate"),
        DN_STR("iommu"),
        DN_STR("irqaffinity"),
        DN_STR("isolcpus"),
        DN_STR("maxcpus"),
        DN_STR("mem"),
        DN_STR("mitigations"),
        DN_STR("nmi_watchdog"),
        DN_STR("nohz"),
        DN_STR("nohz_full"),
        DN_STR("nokaslr"),
        DN_STR("nopti"),
        DN_STR("noretpoline"),
        DN_STR("nosmt"),
        DN_STR("nospectre_v1"),
        DN_STR("nospectre_v2"),
        DN_STR("nowatchdog"),
        DN_STR("nr_cpus"),
        DN_STR("numa"),
        DN_STR("numa_balancing"),
        DN_STR("preempt"),
        DN_STR("processor.max_cstate"),
        DN_STR("psi"),
        DN_STR("pti"),
        DN_STR("rcu_nocb_poll"),
        DN_STR("rcu_nocbs"),
        DN_STR("retbleed"),
        DN_STR("skew_tick"),
        DN_STR("spec_store_bypass_disable"),
        DN_STR("spectre_v2"),
        DN_STR("swapaccount"),
        DN_STR("systemd.unified_cgroup_hierarchy"),
        DN_STR("threadirqs"),
        DN_STR("transparent_hugepage"),
        DN_STR("tsc"),
        DN_STR("tsx"),
};

static bool is_told(struct dn_str word) {
        struct dn_str name;

        if (!dn_str_cut(&word, '=', &name))
                return false;
        for (size_t i = 0; i < DN_COUNT(parameters); i++)
                if (dn_str_equal(name, parameters[i]))
                        return true;
        return false;
}

void dn_env_started(struct dn_json *json, int proc) {
        dn_autotext struct dn_text line = {0};
        struct dn_str rest, word;
        bool any = false;

        if (dn_file_append(proc, "cmdline", 65536, &line) < 0)
                return;
        rest = dn_text_str(&line);
        while (dn_str_word(&rest, &word)) {
                if (!is_told(word))
                        continue;
                if (!any) {
                        dn_json_key(json, DN_STR("kernel_parameters"));
                        dn_json_array(json);
                }
                any = true;
                dn_json_string(json, word);
        }
        if (any)
                dn_json_array_end(json);
}

void dn_env_thp(struct dn_json *json, int sys) {
        put_file(json, DN_STR("thp_enabled"), sys, "kernel/mm/transparent_hugepage/enabled");
        put_file(json, DN_STR("thp_defrag"), sys, "kernel/mm/transparent_hugepage/defrag");
}

void dn_env_cgroup(struct dn_json *json, int proc) {
        put_file(json, DN_STR("cgroup"), proc, "self/cgroup");
}

void dn_env_settings(struct dn_json *json, int proc, int sys) {
        dn_env_put_line(json, DN_STR("clock_source"), sys,
                        "devices/system/clocksource/clocksource0/current_clocksource");
        dn_env_put_number(json, DN_STR("randomize_va_space"), proc, "sys/kernel/randomize_va_space");
}

struct names {
        char name[64];
};

static int by_name(const void *a, const void *b) {
        return strcmp(((const struct names *)a)->name, ((const struct names *)b)->name);
}

/* The directory has them in any order. */
static size_t list_vulnerabilities(int directory, struct names *names, size_t room) {
        dn_autodir DIR *dir = dn_entries_of(dn_file_directory(directory, "."));
        const struct dirent *entry;
        size_t n = 0;

        while (dir && n < room && (entry = readdir(dir)))
                if (entry->d_name[0] != '.' && strlen(entry->d_name) < sizeof(names->name))
                        memcpy(names[n++].name, entry->d_name, strlen(entry->d_name) + 1);
        qsort(names, n, sizeof(*names), by_name);
        return n;
}

void dn_env_mitigations(struct dn_json *json, int sys) {
        dn_autoclose int directory = dn_file_directory(sys, "devices/system/cpu/vulnerabilities");
        struct names names[64];
        size_t n = directory < 0 ? 0 : list_vulnerabilities(directory, names, DN_COUNT(names));
        struct dn_env_object object = dn_env_begin(json, DN_STR("mitigations"));

        for (size_t i = 0; i < n; i++)
                put_file(json, dn_str_of(names[i].name), directory, names[i].name);
        dn_env_end(json, object);
}

static bool take_centi(struct dn_str *rest, int64_t *ret_centi) {
        struct dn_str word, whole;
        uint64_t number, fraction;

        if (!dn_str_word(rest, &word) || !dn_str_cut(&word, '.', &whole) || !dn_str_u64(whole, &number) ||
            word.n != 2 || !dn_str_u64(word, &fraction) || number > INT32_MAX)
                return false;
        *ret_centi = (int64_t)(number * 100 + fraction);
        return true;
}

void dn_env_load(struct dn_json *json, int proc) {
        char buffer[DN_ENV_LINE];
        struct dn_str rest = dn_env_line(proc, "loadavg", buffer);
        int64_t centi[3];

        if (take_centi(&rest, &centi[0]) && take_centi(&rest, &centi[1]) && take_centi(&rest, &centi[2])) {
                dn_json_key(json, DN_STR("load_average"));
                dn_json_array(json);
                for (size_t i = 0; i < DN_COUNT(centi); i++)
                        dn_json_fixed(json, centi[i], 2);
                dn_json_array_end(json);
        }
        rest = dn_env_line(proc, "uptime", buffer);
        if (take_centi(&rest, &centi[0]))
                dn_json_key_fixed(json, DN_STR("uptime_secs"), centi[0], 2);
}
