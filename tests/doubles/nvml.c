/* SPDX-License-Identifier: GPL-3.0-or-later
 * A driver library that is none: answers to NVML's calls by what the variable FAKE_NVML says when it is initialised,
 * words with a value, blanks between:
 *
 *         devices=8          how many (1); device i has the figures that are made in the calls below
 *         mig=3              device 0 is cut into so many parts
 *         slow_ms=200        each reading of a device takes so long; init_ms: the beginning
 *         lose=2@30          device 2 falls off the bus with the 30th reading of it
 *         fail=CALL:RESULT   a call by its name without a version answers with this; may stand several times
 *         proc=PID:MIB:SM    a process, on device 0 (proc0), 1 (proc1) …, with memory and use
 *         children=MIB:SM    each child of the caller is one, on device 0
 *         grow=1             with each list there are 60 processes more than in the last
 *         wrap=1             counters of bytes have 32 bits, and are near their end
 *
 * OLD: a library from before the second and third versions of calls, energy, fields and MIG. */
#include "sources/gpu/nvml_api.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))
/* Prototypes that nobody shares: they are looked up by name. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

enum { DEVICES = 16, PARTS = 8, PROCESSES = 256, FAILS = 8 };

struct dn_nvml_device {
        unsigned index, part; /* part: 0 is the whole, else from 1 */
        unsigned readings;
        unsigned long long energy_mj, rx, tx, sampled_us;
};

struct process {
        unsigned device, pid, mib, sm;
};

static struct dn_nvml_device devices[DEVICES], parts[PARTS];
static struct process processes[PROCESSES];
static struct {
        char call[48];
        int result;
} fails[FAILS];
static unsigned n_devices, n_parts, n_processes, n_fails, slow_ms, lose, lose_at, grow, lists, child_mib, child_sm;
static bool wrap;

static void wait_ms(unsigned ms) {
        struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

        if (ms > 0)
                nanosleep(&t, NULL);
}

static void take_word(const char *word) {
        struct process p = {0};
        unsigned init_ms;
        char call[48];
        int result;

        if (sscanf(word, "devices=%u", &n_devices) == 1 || sscanf(word, "mig=%u", &n_parts) == 1 ||
            sscanf(word, "slow_ms=%u", &slow_ms) == 1 || sscanf(word, "lose=%u@%u", &lose, &lose_at) == 2 ||
            sscanf(word, "grow=%u", &grow) == 1 || sscanf(word, "children=%u:%u", &child_mib, &child_sm) == 2)
                return;
        if (sscanf(word, "init_ms=%u", &init_ms) == 1)
                wait_ms(init_ms);
        if (strncmp(word, "wrap=", 5) == 0)
                wrap = true;
        if (sscanf(word, "fail=%47[^:]:%d", call, &result) == 2 && n_fails < FAILS) {
                memcpy(fails[n_fails].call, call, sizeof(call));
                fails[n_fails++].result = result;
        }
        if ((sscanf(word, "proc=%u:%u:%u", &p.pid, &p.mib, &p.sm) == 3 ||
             sscanf(word, "proc%u=%u:%u:%u", &p.device, &p.pid, &p.mib, &p.sm) == 4) &&
            n_processes < PROCESSES)
                processes[n_processes++] = p;
}

/* 0, or what this call is to fail with. */
static int failure(const char *call) {
        for (unsigned i = 0; i < n_fails; i++)
                if (strcmp(fails[i].call, call) == 0)
                        return fails[i].result;
        return 0;
}

static int check(const char *call, const struct dn_nvml_device *d) {
        int r = failure(call);

        if (r == 0 && lose_at > 0 && d->part == 0 && d->index == lose && d->readings >= lose_at)
                return DN_NVML_GPU_IS_LOST;
        return r;
}

#define CHECK(call, device) \
        do { \
                int r_ = check(call, device); \
                if (r_ != 0) \
                        return r_; \
        } while (0)

static int begin(void) {
        const char *setting = getenv("FAKE_NVML");
        char *words = strdup(setting ? setting : ""), *rest = words;
        const char *word;

        n_devices = 1;
        n_parts = n_processes = n_fails = slow_ms = lose_at = grow = lists = child_mib = child_sm = 0;
        wrap = false;
        while ((word = strtok_r(rest, " ", &rest)))
                take_word(word);
        free(words);
        for (unsigned i = 0; i < DEVICES; i++)
                devices[i] = (struct dn_nvml_device){
                        .index = i, .rx = wrap ? 0xffffff00 : 1000, .tx = wrap ? 0xffffff00 : 1000};
        for (unsigned i = 0; i < PARTS; i++)
                parts[i] = (struct dn_nvml_device){.part = i + 1};
        return failure("nvmlInit");
}

API int nvmlInit(void) {
        return begin();
}

API int nvmlShutdown(void) {
        return 0;
}

static int put(char *text, unsigned room, const char *value) {
        if (strlen(value) >= room)
                return DN_NVML_INSUFFICIENT_SIZE;
        memcpy(text, value, strlen(value) + 1);
        return 0;
}

API int nvmlSystemGetDriverVersion(char *text, unsigned room) {
        return failure("nvmlSystemGetDriverVersion") ? failure("nvmlSystemGetDriverVersion")
                                                     : put(text, room, "550.54.14");
}

API int nvmlSystemGetNVMLVersion(char *text, unsigned room) {
        return put(text, room, "12.550.54.14");
}

static int count(unsigned *ret_n) {
        *ret_n = n_devices;
        return failure("nvmlDeviceGetCount");
}

static int by_index(unsigned index, struct dn_nvml_device **ret_device) {
        if (index >= n_devices || index >= DEVICES)
                return DN_NVML_NOT_FOUND;
        *ret_device = &devices[index];
        return failure("nvmlDeviceGetHandleByIndex");
}

API int nvmlDeviceGetCount(unsigned *ret_n) {
        return count(ret_n);
}

API int nvmlDeviceGetHandleByIndex(unsigned index, struct dn_nvml_device **ret_device) {
        return by_index(index, ret_device);
}

API int nvmlDeviceGetName(const struct dn_nvml_device *d, char *text, unsigned room) {
        CHECK("nvmlDeviceGetName", d);
        return put(text, room, d->part > 0 ? "Fake A100 MIG 1g.10gb" : "Fake A100");
}

/* One call a reading of a whole device. */
API int nvmlDeviceGetUtilizationRates(struct dn_nvml_device *d, struct dn_nvml_utilization *ret) {
        wait_ms(slow_ms);
        d->readings++;
        CHECK("nvmlDeviceGetUtilizationRates", d);
        *ret = (struct dn_nvml_utilization){40 + d->index, 20 + d->index};
        return n_parts > 0 && d->index == 0 ? DN_NVML_NOT_SUPPORTED : 0;
}

static unsigned long long total_of(const struct dn_nvml_device *d) {
        return d->part > 0 ? 10ULL << 30 : 80ULL << 30;
}

static unsigned long long used_of(const struct dn_nvml_device *d) {
        return (1ULL + d->index) << 30;
}

/* With what the driver keeps for itself: half a gibibyte. */
API int nvmlDeviceGetMemoryInfo(const struct dn_nvml_device *d, struct dn_nvml_memory *ret) {
        unsigned long long used = used_of(d) + (1ULL << 29);

        CHECK("nvmlDeviceGetMemoryInfo", d);
        *ret = (struct dn_nvml_memory){total_of(d), total_of(d) - used, used};
        return 0;
}

API int nvmlDeviceGetTemperature(const struct dn_nvml_device *d, int sensor, unsigned *ret) {
        CHECK("nvmlDeviceGetTemperature", d);
        *ret = 50 + d->index;
        return sensor == DN_NVML_TEMPERATURE_GPU ? 0 : 2;
}

API int nvmlDeviceGetPowerUsage(const struct dn_nvml_device *d, unsigned *ret_mw) {
        CHECK("nvmlDeviceGetPowerUsage", d);
        *ret_mw = 250000 + 1000 * d->index;
        return 0;
}

API int nvmlDeviceGetClockInfo(const struct dn_nvml_device *d, int clock, unsigned *ret_mhz) {
        CHECK("nvmlDeviceGetClockInfo", d);
        *ret_mhz = clock == DN_NVML_CLOCK_SM ? 1410 : 1593;
        return 0;
}

API int nvmlDeviceGetCurrentClocksThrottleReasons(const struct dn_nvml_device *d, unsigned long long *ret_bits) {
        CHECK("nvmlDeviceGetCurrentClocksThrottleReasons", d);
        *ret_bits = 0x4 | 0x20;
        return 0;
}

API int nvmlDeviceGetPcieThroughput(const struct dn_nvml_device *d, int way, unsigned *ret_kb_per_s) {
        CHECK("nvmlDeviceGetPcieThroughput", d);
        *ret_kb_per_s = way == DN_NVML_PCIE_RX ? 1024 : 2048;
        return 0;
}

/* ------------------------------------------------------------------------------------------------ processes */

static unsigned own_children(unsigned *pids, unsigned room) {
        char path[300];
        DIR *dir = opendir("/proc/self/task");
        const struct dirent *entry;
        unsigned n = 0;

        while (dir && (entry = readdir(dir))) {
                FILE *f;

                snprintf(path, sizeof(path), "/proc/self/task/%s/children", entry->d_name);
                f = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
                while (f && n < room && fscanf(f, "%u", &pids[n]) == 1)
                        n++;
                if (f)
                        fclose(f);
        }
        if (dir)
                closedir(dir);
        return n;
}

/* All of the device, or those that stand for the part. */
static unsigned on_device(const struct dn_nvml_device *d, struct process *found, unsigned room) {
        unsigned children[PROCESSES],
                n = 0,
                n_children = child_mib > 0 && d->index == 0 && d->part <= 1 ? own_children(children, PROCESSES) : 0;

        for (unsigned i = 0; i < n_processes && n < room; i++)
                if (processes[i].device == d->index && d->part <= 1)
                        found[n++] = processes[i];
        for (unsigned i = 0; i < n_children && n < room; i++)
                found[n++] = (struct process){d->index, children[i], child_mib, child_sm};
        for (unsigned i = 0; i < grow * lists * 60 && n < room; i++)
                found[n++] = (struct process){d->index, 3000000 + i, 1, 0};
        return n;
}

enum { ROOM = 4096 };

static int list(const char *call, const struct dn_nvml_device *d, unsigned *n, struct dn_nvml_process *list,
                struct dn_nvml_process_v1 *list_v1) {
        static struct process found[ROOM];
        unsigned room = *n;

        CHECK(call, d);
        lists++;
        *n = on_device(d, found, ROOM);
        if (room < *n)
                return DN_NVML_INSUFFICIENT_SIZE;
        for (unsigned i = 0; i < *n; i++) {
                unsigned long long used =
                        found[i].mib == 0 ? DN_NVML_NOT_AVAILABLE : (unsigned long long)found[i].mib << 20;

                if (list)
                        list[i] = (struct dn_nvml_process){found[i].pid, used, ~0U, ~0U};
                else if (list_v1)
                        list_v1[i] = (struct dn_nvml_process_v1){found[i].pid, used};
        }
        return 0;
}

API int nvmlDeviceGetComputeRunningProcesses(const struct dn_nvml_device *d, unsigned *n,
                                             struct dn_nvml_process_v1 *p) {
        return list("nvmlDeviceGetComputeRunningProcesses", d, n, NULL, p);
}

/* Who computes draws as well: each is listed twice. */
API int nvmlDeviceGetGraphicsRunningProcesses(const struct dn_nvml_device *d, unsigned *n,
                                              struct dn_nvml_process_v1 *p) {
        return list("nvmlDeviceGetGraphicsRunningProcesses", d, n, NULL, p);
}

static unsigned long long now_us(void) {
        struct timespec t;

        clock_gettime(CLOCK_REALTIME, &t);
        return (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000;
}

/* Its last place is one that nobody has filled in. */
API int nvmlDeviceGetProcessUtilization(const struct dn_nvml_device *d, struct dn_nvml_sample *samples, unsigned *n,
                                        unsigned long long after_us) {
        static struct process found[ROOM];
        unsigned room = *n, filled = 0;

        CHECK("nvmlDeviceGetProcessUtilization", d);
        if (d->part > 0 || (n_parts > 0 && d->index == 0))
                return DN_NVML_NOT_SUPPORTED;
        *n = on_device(d, found, ROOM) + 1;
        if (room < *n)
                return DN_NVML_INSUFFICIENT_SIZE;
        for (unsigned i = 0; i + 1 < *n; i++)
                samples[filled++] = (struct dn_nvml_sample){found[i].pid, now_us(), found[i].sm, 1, 0, 0};
        samples[filled] = (struct dn_nvml_sample){0, after_us, 4000000000, 7, 7, 7};
        return filled > 0 ? 0 : DN_NVML_NOT_FOUND;
}

/* ----------------------------------------------------------------------------------------- what is newer */
#ifndef OLD

API int nvmlInit_v2(void) {
        return begin();
}

API int nvmlDeviceGetCount_v2(unsigned *ret_n) {
        return count(ret_n);
}

API int nvmlDeviceGetHandleByIndex_v2(unsigned index, struct dn_nvml_device **ret_device) {
        return by_index(index, ret_device);
}

API int nvmlDeviceGetMemoryInfo_v2(const struct dn_nvml_device *d, struct dn_nvml_memory_v2 *memory) {
        CHECK("nvmlDeviceGetMemoryInfo_v2", d);
        if (memory->version != DN_NVML_MEMORY_V2)
                return 25;
        memory->total = total_of(d);
        memory->reserved = 1ULL << 29;
        memory->used = used_of(d);
        memory->free = memory->total - memory->used - memory->reserved;
        return 0;
}

API int nvmlDeviceGetTotalEnergyConsumption(struct dn_nvml_device *d, unsigned long long *ret_mj) {
        CHECK("nvmlDeviceGetTotalEnergyConsumption", d);
        *ret_mj = d->energy_mj;
        d->energy_mj += 1000;
        return 0;
}

API int nvmlDeviceGetCurrentClocksEventReasons(const struct dn_nvml_device *d, unsigned long long *ret_bits) {
        CHECK("nvmlDeviceGetCurrentClocksEventReasons", d);
        *ret_bits = 0x4 | 0x20;
        return 0;
}

API int nvmlDeviceGetFieldValues(struct dn_nvml_device *d, int n, struct dn_nvml_field *fields) {
        CHECK("nvmlDeviceGetFieldValues", d);
        for (int i = 0; i < n; i++) {
                unsigned long long *counter = fields[i].field == DN_NVML_PCIE_RX_BYTES ? &d->rx : &d->tx;

                fields[i].result = failure("field");
                fields[i].type = wrap ? DN_NVML_UINT : DN_NVML_ULLONG;
                fields[i].value.ull = 0;
                if (wrap)
                        fields[i].value.ui = (unsigned)*counter;
                else
                        fields[i].value.ull = *counter;
                *counter += fields[i].field == DN_NVML_PCIE_RX_BYTES ? 1000 : 2000;
        }
        return 0;
}

API int nvmlDeviceGetMigMode(const struct dn_nvml_device *d, unsigned *ret_now, unsigned *ret_pending) {
        CHECK("nvmlDeviceGetMigMode", d);
        *ret_now = *ret_pending = n_parts > 0 && d->index == 0;
        return 0;
}

API int nvmlDeviceGetMaxMigDeviceCount(const struct dn_nvml_device *d, unsigned *ret_n) {
        CHECK("nvmlDeviceGetMaxMigDeviceCount", d);
        *ret_n = PARTS - 1;
        return 0;
}

API int nvmlDeviceGetMigDeviceHandleByIndex(const struct dn_nvml_device *d, unsigned index,
                                            struct dn_nvml_device **ret_part) {
        CHECK("nvmlDeviceGetMigDeviceHandleByIndex", d);
        if (index >= n_parts || index >= PARTS)
                return DN_NVML_NOT_FOUND;
        *ret_part = &parts[index];
        return 0;
}

API int nvmlDeviceGetComputeRunningProcesses_v3(const struct dn_nvml_device *d, unsigned *n,
                                                struct dn_nvml_process *p) {
        return list("nvmlDeviceGetComputeRunningProcesses", d, n, p, NULL);
}

API int nvmlDeviceGetGraphicsRunningProcesses_v3(const struct dn_nvml_device *d, unsigned *n,
                                                 struct dn_nvml_process *p) {
        return list("nvmlDeviceGetGraphicsRunningProcesses", d, n, p, NULL);
}

#endif
