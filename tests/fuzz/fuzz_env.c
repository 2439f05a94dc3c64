/* SPDX-License-Identifier: GPL-3.0-or-later
 * The env record over files of /proc and /sys, and an environment, that say anything: it is JSON, of Jansson's opinion,
 * an env record, and has nothing of a variable that was not asked for. The input is files one after another, each
 * behind a line `=== NAME` with a name of those below; `=== environment` has a variable a line. */
#include "must.h"
#include "sources/linux/env/env.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VARIABLES_MAX = 64 };

static const char mark[] = "\n=== ", secret[] = "n0b0dy5bu51n355";

static const char *const names[] = {
        "proc/cmdline",
        "proc/cpuinfo",
        "proc/loadavg",
        "proc/meminfo",
        "proc/self/cgroup",
        "proc/self/mountinfo",
        "proc/sys/kernel/arch",
        "proc/sys/kernel/hostname",
        "proc/sys/kernel/osrelease",
        "proc/sys/kernel/randomize_va_space",
        "proc/sys/vm/swappiness",
        "proc/uptime",
        "proc/driver/nvidia/gpus/0000:01:00.0/information",
        "root/run/.containerenv",
        "root/run/systemd/container",
        "sys/class/dmi/id/product_name",
        "sys/class/dmi/id/sys_vendor",
        "sys/devices/cpu_core/cpus",
        "sys/devices/system/clocksource/clocksource0/current_clocksource",
        "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
        "sys/devices/system/cpu/cpu0/topology/core_siblings_list",
        "sys/devices/system/cpu/cpu0/topology/thread_siblings_list",
        "sys/devices/system/cpu/isolated",
        "sys/devices/system/cpu/online",
        "sys/devices/system/cpu/smt/active",
        "sys/devices/system/cpu/vulnerabilities/meltdown",
        "sys/devices/system/node/node0/distance",
        "sys/devices/system/node/node0/meminfo",
        "sys/devices/system/node/online",
        "sys/fs/cgroup/cpu.max",
        "sys/fs/cgroup/memory.max",
        "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
        "sys/kernel/mm/transparent_hugepage/enabled",
};

static void make_directories(const char *path) {
        char whole[4096];

        snprintf(whole, sizeof(whole), "%s", path);
        for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                MUST(mkdir(whole, 0777) == 0 || errno == EEXIST);
                *slash = '/';
        }
}

/* The folder, open; below it are all the folders that the names have. */
static int make_place(void) {
        const char *where = getenv("TMPDIR");
        char place[2048], path[4096];

        snprintf(place, sizeof(place), "%s/fuzz-env-XXXXXX", where ? where : "/tmp");
        MUST(mkdtemp(place));
        for (size_t i = 0; i < DN_COUNT(names); i++) {
                snprintf(path, sizeof(path), "%s/%s", place, names[i]);
                make_directories(path);
        }
        return open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int below(int place, const char *name) {
        int fd = openat(place, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        MUST(fd >= 0);
        return fd;
}

static void write_file(int place, struct dn_str name, struct dn_str content) {
        for (size_t i = 0; i < DN_COUNT(names); i++)
                if (dn_str_equal(name, dn_str_of(names[i]))) {
                        int fd = openat(place, names[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

                        MUST(fd >= 0 && write(fd, content.p, content.n) == (ssize_t)content.n);
                        close(fd);
                }
}

/* The last two are ours, and not asked for. */
static void take_environment(struct dn_str lines, char *variables[static VARIABLES_MAX + 3], int *n) {
        static char hidden[64], other[64];
        struct dn_str line;

        while (*n < VARIABLES_MAX && dn_str_cut(&lines, '\n', &line))
                variables[(*n)++] = strndup(line.p, line.n);
        snprintf(hidden, sizeof(hidden), "SLURM_JWT=%s", secret);
        snprintf(other, sizeof(other), "%s=1", secret);
        variables[*n] = hidden;
        variables[*n + 1] = other;
        variables[*n + 2] = NULL;
}

static bool next_file(struct dn_str *rest, struct dn_str *ret_name, struct dn_str *ret_content) {
        const char *end;

        if (!dn_str_starts(*rest, DN_STR("=== ")))
                return false;
        *rest = (struct dn_str){rest->p + 4, rest->n - 4};
        dn_str_cut(rest, '\n', ret_name);
        end = rest->n ? memmem(rest->p, rest->n, mark, strlen(mark)) : NULL;
        *ret_content = (struct dn_str){rest->p, end ? (size_t)(end - rest->p) + 1 : rest->n};
        *rest = (struct dn_str){rest->p + ret_content->n, rest->n - ret_content->n};
        return true;
}

static bool has_secret(const void *bytes, size_t n) {
        return n > 0 && memmem(bytes, n, secret, strlen(secret));
}

static void check(const struct dn_text *text, bool secret_is_out) {
        json_t *record;

        MUST(!text->failed && !memchr(text->p, '\n', text->n));
        MUST(secret_is_out || !has_secret(text->p, text->n));
        record = json_loadb(text->p, text->n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        MUST(record && strcmp(json_string_value(json_object_get(record, "kind")), "env") == 0);
        json_decref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static int place = -1;
        static struct dn_env_roots roots;
        struct dn_str rest = {(const char *)data, size}, name, content;
        char *variables[VARIABLES_MAX + 3] = {NULL};
        struct dn_env_here here = {
                .hypervisor = "KVMKVMKVM", .environment = variables, .directory = "/srv/a", .output = "/a"};
        struct dn_text text = {0};
        struct dn_cpus cpus = {{1}};
        int n = 0;

        if (place < 0) {
                place = make_place();
                roots = (struct dn_env_roots){below(place, "proc"), below(place, "sys"), below(place, "root")};
        }
        here.affinity = &cpus;
        take_environment((struct dn_str){0}, variables, &n);
        while (next_file(&rest, &name, &content)) {
                if (dn_str_equal(name, DN_STR("environment")))
                        take_environment(content, variables, &n);
                write_file(place, name, content);
        }
        dn_env_write_for(&text, &roots, 1795425305850, &here);
        check(&text, has_secret(data, size)); /* the fuzzer finds out everything */
        dn_text_free(&text);
        while (n > 0)
                free(variables[--n]);
        for (size_t i = 0; i < DN_COUNT(names); i++)
                (void)unlinkat(place, names[i], 0);
        return 0;
}
