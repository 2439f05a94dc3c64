/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/probe/devices.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/gpu/drm_sysfs.h"

#include <fcntl.h>

/* Of the entries of a directory whose names begin so, whether one satisfies. */
static bool any_entry(int below, const char *path, struct dn_str prefix, bool (*look)(void *user, int directory),
                      void *user) {
        int fd = dn_file_directory(below, path);
        dn_autodir DIR *dir = dn_entries_of(fd);
        const struct dirent *entry;
        bool found = false;

        while (dir && !found && (entry = readdir(dir))) {
                dn_autoclose int at = dn_str_starts(dn_str_of(entry->d_name), prefix)
                                              ? dn_file_directory(dirfd(dir), entry->d_name)
                                              : -1;

                found = at >= 0 && look(user, at);
        }
        return found;
}

/* Until somebody could read one, the reason why not. */
static bool has_energy(void *user, int directory) {
        int *r = user;
        uint64_t joules;

        *r = dn_file_u64(directory, "energy_uj", &joules);
        return *r == 0;
}

void dn_ability_energy(struct dn_ability *a, const struct dn_probe_roots *roots) {
        int r = -ENOENT;

        if (any_entry(roots->sys, "class/powercap", DN_STR("intel-rapl"), has_energy, &r)) {
                a->can = DN_CAN;
                return;
        }
        if (r == -EACCES || r == -EPERM) {
                dn_text_put(&a->reason, DN_STR("only root may read it"));
                dn_text_put(&a->hint, DN_STR("sudo denet run PROGRAM"));
        } else
                dn_text_put(&a->reason, DN_STR("no counters in /sys/class/powercap, as in most virtual machines"));
}

/* Its driver says in fdinfo what a process uses. */
static bool tells_usage(void *user, int directory) {
        char buffer[1024];
        int n = dn_file_read(directory, "device/uevent", buffer, sizeof(buffer));
        struct dn_str rest = {buffer, n > 0 ? (size_t)n : 0}, line, key = DN_STR("DRIVER=");

        (void)user;
        while (dn_str_cut(&rest, '\n', &line))
                if (dn_str_starts(line, key))
                        return dn_drm_tells((struct dn_str){line.p + key.n, line.n - key.n});
        return false;
}

static bool has_nvml(int root) {
        static const char *const places[] = {
                "usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1",
                "usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1",
                "usr/lib64/libnvidia-ml.so.1",
                "usr/lib/libnvidia-ml.so.1",
                "usr/lib/wsl/lib/libnvidia-ml.so.1",
                "usr/local/lib/libnvidia-ml.so.1",
                "run/opengl-driver/lib/libnvidia-ml.so.1",
        };

        for (size_t i = 0; i < DN_COUNT(places); i++)
                if (faccessat(root, places[i], R_OK, 0) == 0)
                        return true;
        return false;
}

void dn_ability_gpu(struct dn_ability *a, const struct dn_probe_roots *roots) {
        bool library = has_nvml(roots->root), device = faccessat(roots->root, "dev/nvidiactl", F_OK, 0) == 0;

        if ((library && device) || any_entry(roots->sys, "class/drm", DN_STR("render"), tells_usage, NULL))
                a->can = DN_CAN;
        else if (library)
                dn_text_put(&a->reason, DN_STR("the driver is not loaded (no /dev/nvidiactl)"));
        else
                dn_text_put(&a->reason, DN_STR("no driver library (libnvidia-ml.so.1)"));
}
