/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/cpu.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/env/cpu_model.h"
#include "sources/linux/env/put.h"

#include <stdio.h>

struct topology {
        int sockets;
        int cores_per_socket, threads_per_core; /* where they differ, the most that there are */
};

/* The online CPUs that share `what` with this one, by the list that every kernel since 2.6.26 has. */
static int siblings(int sys, int cpu, const char *what, const struct dn_cpus *online, struct dn_cpus *ret_group) {
        char path[96];
        int r;

        snprintf(path, sizeof(path), "devices/system/cpu/cpu%d/topology/%s_siblings_list", cpu, what);
        r = dn_cpus_read(sys, path, ret_group);
        if (r < 0)
                return r;
        dn_cpus_add(ret_group, cpu);
        dn_cpus_keep(ret_group, online);
        return 0;
}

/* Counts the cores of a socket by striking one after another off it. */
static int count_cores(int sys, const struct dn_cpus *online, struct dn_cpus *socket, struct topology *t) {
        struct dn_cpus core;
        int cores = 0, threads, r;

        for (int cpu = dn_cpus_next(socket, 0); cpu >= 0; cpu = dn_cpus_next(socket, cpu + 1)) {
                r = siblings(sys, cpu, "thread", online, &core);
                if (r < 0)
                        return r;
                threads = dn_cpus_count(&core);
                if (threads > t->threads_per_core)
                        t->threads_per_core = threads;
                cores++;
                dn_cpus_remove(socket, &core);
        }
        if (cores > t->cores_per_socket)
                t->cores_per_socket = cores;
        return 0;
}

static int read_topology(int sys, struct topology *ret_topology) {
        struct dn_cpus online, left, socket;
        struct topology t = {0};
        int r;

        r = dn_cpus_read(sys, "devices/system/cpu/online", &online);
        if (r < 0)
                return r;
        left = online;
        for (int cpu = dn_cpus_next(&left, 0); cpu >= 0; cpu = dn_cpus_next(&left, cpu + 1)) {
                r = siblings(sys, cpu, "core", &online, &socket);
                if (r < 0)
                        return r;
                t.sockets++;
                dn_cpus_remove(&left, &socket);
                r = count_cores(sys, &online, &socket, &t);
                if (r < 0)
                        return r;
        }
        if (t.sockets == 0)
                return -ENODATA;
        *ret_topology = t;
        return 0;
}

void dn_env_lscpu(struct dn_json *json, struct dn_str cpuinfo, int sys) {
        dn_autotext struct dn_text model = {0};
        bool named = dn_cpu_model(cpuinfo, &model) == 0;
        struct dn_str microcode;
        struct topology t;
        bool counted = read_topology(sys, &t) == 0;

        if (!named && !counted)
                return;
        dn_json_key(json, DN_STR("lscpu"));
        dn_json_object(json);
        if (counted) {
                dn_json_key_i64(json, DN_STR("sockets"), t.sockets);
                dn_json_key_i64(json, DN_STR("cores_per_socket"), t.cores_per_socket);
                dn_json_key_i64(json, DN_STR("threads_per_core"), t.threads_per_core);
        }
        if (named)
                dn_json_key_string(json, DN_STR("model"), dn_text_str(&model));
        if (dn_cpuinfo_find(cpuinfo, DN_STR("microcode"), &microcode))
                dn_json_key_string(json, DN_STR("microcode"), microcode);
        dn_json_object_end(json);
}

static void put_list(struct dn_json *json, struct dn_str key, const struct dn_cpus *cpus) {
        dn_autotext struct dn_text list = {0};

        dn_cpus_write(cpus, &list);
        dn_json_key_string(json, key, dn_text_str(&list));
}

void dn_env_affinity(struct dn_json *json, const struct dn_cpus *affinity) {
        put_list(json, DN_STR("affinity_inherited"), affinity);
}

static bool put_name(struct dn_json *json, int sys, const char *path) {
        char buffer[DN_ENV_LINE];
        struct dn_str name = dn_env_line(sys, path, buffer);

        if (name.n > 0)
                dn_json_string(json, name);
        return name.n > 0;
}

static bool put_khz(struct dn_json *json, int sys, const char *path) {
        uint64_t khz;

        if (dn_file_u64(sys, path, &khz) < 0 || khz == 0)
                return false;
        dn_json_u64(json, khz);
        return true;
}

/* One value for each CPU, in the order of cpufreq_cpus; none at all where one is missing, since all would shift. */
static void put_each(struct dn_json *json, struct dn_str key, int sys, const struct dn_cpus *cpus, const char *file,
                     bool (*put)(struct dn_json *json, int sys, const char *path)) {
        size_t before = json->text->n;
        bool comma = json->comma;
        char path[96];

        dn_json_key(json, key);
        dn_json_array(json);
        for (int cpu = dn_cpus_next(cpus, 0); cpu >= 0; cpu = dn_cpus_next(cpus, cpu + 1)) {
                snprintf(path, sizeof(path), "devices/system/cpu/cpu%d/cpufreq/%s", cpu, file);
                if (!put(json, sys, path)) {
                        json->text->n = before;
                        json->comma = comma;
                        return;
                }
        }
        dn_json_array_end(json);
}

/* Whether the clock may go above what the processor is sold with: of intel_pstate, of every policy, of this one. */
static bool has_turbo(int sys, int cpu, bool *ret_turbo) {
        char path[96];
        uint64_t value;

        if (dn_file_u64(sys, "devices/system/cpu/intel_pstate/no_turbo", &value) == 0) {
                *ret_turbo = value == 0;
                return true;
        }
        snprintf(path, sizeof(path), "devices/system/cpu/cpu%d/cpufreq/boost", cpu);
        if (dn_file_u64(sys, "devices/system/cpu/cpufreq/boost", &value) < 0 && dn_file_u64(sys, path, &value) < 0)
                return false;
        *ret_turbo = value != 0;
        return true;
}

static void put_driver(struct dn_json *json, int sys, int cpu) {
        char path[96];
        bool turbo;

        snprintf(path, sizeof(path), "devices/system/cpu/cpu%d/cpufreq/scaling_driver", cpu);
        dn_env_put_line(json, DN_STR("cpufreq_driver"), sys, path);
        dn_env_put_line(json, DN_STR("pstate_mode"), sys, "devices/system/cpu/intel_pstate/status");
        dn_env_put_line(json, DN_STR("pstate_mode"), sys, "devices/system/cpu/amd_pstate/status");
        if (has_turbo(sys, cpu, &turbo))
                dn_json_key_bool(json, DN_STR("turbo"), turbo);
}

void dn_env_frequency(struct dn_json *json, int sys, const struct dn_cpus *affinity) {
        struct dn_cpus cpus = {0};
        char path[96];

        for (int cpu = dn_cpus_next(affinity, 0); cpu >= 0; cpu = dn_cpus_next(affinity, cpu + 1)) {
                snprintf(path, sizeof(path), "devices/system/cpu/cpu%d/cpufreq", cpu);
                if (faccessat(sys, path, F_OK, 0) == 0)
                        dn_cpus_add(&cpus, cpu);
        }
        if (dn_cpus_next(&cpus, 0) < 0)
                return;
        put_list(json, DN_STR("cpufreq_cpus"), &cpus);
        put_each(json, DN_STR("cpu_governor"), sys, &cpus, "scaling_governor", put_name);
        put_each(json, DN_STR("cpu_freq_khz"), sys, &cpus, "scaling_cur_freq", put_khz);
        put_each(json, DN_STR("cpu_max_freq_khz"), sys, &cpus, "cpuinfo_max_freq", put_khz);
        put_driver(json, sys, dn_cpus_next(&cpus, 0));
}

void dn_env_idle(struct dn_json *json, int sys) {
        dn_env_put_line(json, DN_STR("cpuidle_driver"), sys, "devices/system/cpu/cpuidle/current_driver");
        dn_env_put_line(json, DN_STR("cpuidle_governor"), sys, "devices/system/cpu/cpuidle/current_governor");
}

static void put_cpus(struct dn_json *json, struct dn_str key, int sys, const char *path) {
        struct dn_cpus cpus;

        if (dn_cpus_read(sys, path, &cpus) == 0 && dn_cpus_next(&cpus, 0) >= 0)
                put_list(json, key, &cpus);
}

void dn_env_cpu_sets(struct dn_json *json, int sys) {
        put_cpus(json, DN_STR("cpus_isolated"), sys, "devices/system/cpu/isolated");
        put_cpus(json, DN_STR("cpus_nohz_full"), sys, "devices/system/cpu/nohz_full");
        put_cpus(json, DN_STR("cpus_core"), sys, "devices/cpu_core/cpus");
        put_cpus(json, DN_STR("cpus_atom"), sys, "devices/cpu_atom/cpus");
}

void dn_env_smt(struct dn_json *json, int sys) {
        uint64_t active;

        if (dn_file_u64(sys, "devices/system/cpu/smt/active", &active) == 0)
                dn_json_key_bool(json, DN_STR("smt_active"), active != 0);
}
