/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/gpu/nvml_load.h"

#include <dlfcn.h>
#include <errno.h>

/* The first has no path: the dynamic linker looks where the system's libraries are, and, but for a program with raised
 * rights, where LD_LIBRARY_PATH says. The others are where some systems keep the driver's, unknown to the linker. */
static const char *const places[] = {
        "libnvidia-ml.so.1",
        "/usr/lib/wsl/lib/libnvidia-ml.so.1",
        "/run/opengl-driver/lib/libnvidia-ml.so.1",
        "/usr/lib64/nvidia/libnvidia-ml.so.1",
};

#define CALL(member, ...) \
        { \
                offsetof(struct dn_nvml_api, member), { \
                        __VA_ARGS__ \
                } \
        }

/* The newest name first; of one member all have one layout. */
static const struct {
        size_t at;
        const char *names[3];
} calls[] = {
        CALL(init, "nvmlInit_v2", "nvmlInit"),
        CALL(shutdown, "nvmlShutdown"),
        CALL(driver_version, "nvmlSystemGetDriverVersion"),
        CALL(nvml_version, "nvmlSystemGetNVMLVersion"),
        CALL(count, "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"),
        CALL(by_index, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"),
        CALL(name, "nvmlDeviceGetName"),
        CALL(utilization, "nvmlDeviceGetUtilizationRates"),
        CALL(memory, "nvmlDeviceGetMemoryInfo"),
        CALL(memory_v2, "nvmlDeviceGetMemoryInfo_v2"),
        CALL(temperature, "nvmlDeviceGetTemperature"),
        CALL(power, "nvmlDeviceGetPowerUsage"),
        CALL(energy, "nvmlDeviceGetTotalEnergyConsumption"),
        CALL(clock, "nvmlDeviceGetClockInfo"),
        CALL(clock_reasons, "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"),
        CALL(pcie_rate, "nvmlDeviceGetPcieThroughput"),
        CALL(fields, "nvmlDeviceGetFieldValues"),
        CALL(mig_mode, "nvmlDeviceGetMigMode"),
        CALL(mig_max, "nvmlDeviceGetMaxMigDeviceCount"),
        CALL(mig_by_index, "nvmlDeviceGetMigDeviceHandleByIndex"),
        CALL(compute, "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"),
        CALL(graphics, "nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"),
        CALL(mps, "nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v2"),
        CALL(compute_v1, "nvmlDeviceGetComputeRunningProcesses"),
        CALL(graphics_v1, "nvmlDeviceGetGraphicsRunningProcesses"),
        CALL(samples, "nvmlDeviceGetProcessUtilization"),
};

static void find_calls(struct dn_nvml_api *api) {
        for (size_t i = 0; i < DN_COUNT(calls); i++) {
                void *found = NULL;

                for (size_t j = 0; j < DN_COUNT(calls[i].names) && calls[i].names[j] && !found; j++)
                        found = dlsym(api->library, calls[i].names[j]);
                memcpy((char *)api + calls[i].at, &found, sizeof(found));
        }
}

/* One that is there and cannot be opened says more than one that is not. */
static void open_library(struct dn_nvml_api *api, const char *path, struct dn_text *why) {
        const char *only[] = {path};
        const char *const *paths = path ? only : places;
        size_t n = path ? 1 : DN_COUNT(places);

        for (size_t i = 0; i < n && !api->library; i++) {
                const char *error;

                api->library = dlopen(paths[i], RTLD_NOW | RTLD_LOCAL);
                error = api->library ? NULL : dlerror();
                if (error && why->n == 0 && !strstr(error, "No such file"))
                        dn_text_put(why, dn_str_of(error));
        }
}

int dn_nvml_load(struct dn_nvml_api *ret_api, const char *path, struct dn_text *why) {
        struct dn_nvml_api api = {0};

        open_library(&api, path, why);
        if (!api.library) {
                if (why->n > 0)
                        return -ELIBACC;
                dn_text_put(why, DN_STR("no driver library (libnvidia-ml.so.1)"));
                return -ENOENT;
        }
        dn_text_reset(why);
        find_calls(&api);
        if (!api.init || !api.count || !api.by_index) {
                dn_text_put(why, DN_STR("libnvidia-ml.so.1 is not one that denet knows"));
                dn_nvml_unload(&api);
                return -ELIBACC;
        }
        *ret_api = api;
        return 0;
}

void dn_nvml_unload(struct dn_nvml_api *api) {
        if (api->library)
                dlclose(api->library);
        *api = (struct dn_nvml_api){0};
}

const char *dn_nvml_phrase(int result) {
        switch (result) {
        case DN_NVML_NOT_SUPPORTED: return "not supported";
        case DN_NVML_NO_PERMISSION: return "no permission";
        case DN_NVML_DRIVER_NOT_LOADED: return "the NVIDIA driver is not loaded";
        case DN_NVML_GPU_IS_LOST: return "it has fallen off the bus";
        case DN_NVML_RESET_REQUIRED: return "it must be reset";
        case DN_NVML_VERSION_MISMATCH:
                return "driver and library are of different versions; reboot, or reload the driver";
        default: return "the NVIDIA driver fails";
        }
}
