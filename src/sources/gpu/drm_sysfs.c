/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/gpu/drm_sysfs.h"
#include "base/file.h"
#include "base/guard.h"

#include <fcntl.h>
#include <stdio.h>

bool dn_drm_tells(struct dn_str driver) {
        static const char *const drivers[] = {"amdgpu",   "i915",    "xe",  "nouveau", "msm", "msm_dpu",
                                              "panfrost", "panthor", "v3d", "etnaviv", "lima"};

        for (size_t i = 0; i < DN_COUNT(drivers); i++)
                if (dn_str_equal(driver, dn_str_of(drivers[i])))
                        return true;
        return false;
}

/* ---------------------------------------------------------------------------------------------------- finding them */

/* The last part of where a link leads. */
static bool link_name(int directory, const char *path, char *name, size_t room) {
        char target[512];
        ssize_t n = readlinkat(directory, path, target, sizeof(target) - 1);
        const char *slash;

        if (n <= 0)
                return false;
        target[n] = '\0';
        slash = strrchr(target, '/');
        slash = slash ? slash + 1 : target;
        if (strlen(slash) >= room || *slash == '\0')
                return false;
        memcpy(name, slash, strlen(slash) + 1);
        return true;
}

/* DRIVER=amdgpu, PCI_ID=1002:73BF … */
static bool uevent_value(int device, struct dn_str key, char *value, size_t room) {
        char file[1024];
        int n = dn_file_read(device, "uevent", file, sizeof(file));
        struct dn_str rest = {file, n > 0 ? (size_t)n : 0}, line;

        while (dn_str_cut(&rest, '\n', &line))
                if (dn_str_starts(line, key) && line.n > key.n && line.n - key.n < room) {
                        memcpy(value, line.p + key.n, line.n - key.n);
                        value[line.n - key.n] = '\0';
                        return true;
                }
        return false;
}

/* The maker's name for it, where the driver knows one; else what can be looked up by. */
static void name_it(struct dn_drm_node *node) {
        char product[64], pci[16];
        int n = dn_file_read(node->device, "product_name", product, sizeof(product));
        struct dn_str name = dn_str_trim((struct dn_str){product, n > 0 ? (size_t)n : 0});

        if (name.n > 0)
                snprintf(node->name, sizeof(node->name), "%.*s", (int)name.n, name.p);
        else if (uevent_value(node->device, DN_STR("PCI_ID="), pci, sizeof(pci)))
                snprintf(node->name, sizeof(node->name), "%s %s", node->driver, pci);
        else
                snprintf(node->name, sizeof(node->name), "%s %s", node->driver, node->id);
}

/* hwmon/hwmonN: it has one. */
static int open_hwmon(int device) {
        int fd = dn_file_directory(device, "hwmon"), found = -1;
        dn_autodir DIR *dir = dn_entries_of(fd);
        const struct dirent *entry;

        while (dir && found < 0 && (entry = readdir(dir)))
                if (dn_str_starts(dn_str_of(entry->d_name), DN_STR("hwmon")))
                        found = dn_file_directory(dirfd(dir), entry->d_name);
        return found < 0 ? -1 : found;
}

/* card0 and renderD128, not card0-DP-1, which is what a screen is connected to. */
static bool is_node(struct dn_str name) {
        size_t skip = dn_str_starts(name, DN_STR("renderD")) ? 7 : dn_str_starts(name, DN_STR("card")) ? 4 : 0;
        uint64_t number;

        return skip > 0 && name.n < 16 && dn_str_u64((struct dn_str){name.p + skip, name.n - skip}, &number);
}

static struct dn_drm_node *node_of(struct dn_drm_node *nodes, uint32_t n, const char *id) {
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(nodes[i].id, id) == 0)
                        return &nodes[i];
        return NULL;
}

/* A device of its own, from its card or render node. False: not one that tells anything. */
static bool begin_node(int directory, const char *id, struct dn_drm_node *node) {
        dn_autoclose int device = dn_file_directory(directory, "device");
        struct dn_drm_node made = {.device = -1, .card = -1, .hwmon = -1};

        if (device < 0 || !uevent_value(device, DN_STR("DRIVER="), made.driver, sizeof(made.driver)) ||
            !dn_drm_tells(dn_str_of(made.driver)))
                return false;
        memcpy(made.id, id, strlen(id) + 1);
        made.device = dn_steal_fd(&device);
        made.hwmon = open_hwmon(made.device);
        name_it(&made);
        *node = made;
        return true;
}

static int by_id(const void *a, const void *b) {
        return strcmp(((const struct dn_drm_node *)a)->id, ((const struct dn_drm_node *)b)->id);
}

static uint32_t add_entry(int below, const char *entry, struct dn_drm_node *nodes, uint32_t n, uint32_t room) {
        dn_autoclose int directory = dn_file_directory(below, entry);
        bool is_card = entry[0] == 'c';
        char id[DN_DRM_ID];
        struct dn_drm_node *node;

        if (directory < 0 || !link_name(directory, "device", id, sizeof(id)))
                return n;
        node = node_of(nodes, n, id);
        if (!node && n < room && begin_node(directory, id, &nodes[n]))
                node = &nodes[n++];
        if (!node)
                return n;
        memcpy(node->nodes[!is_card], entry, strlen(entry) + 1);
        if (is_card && node->card < 0)
                node->card = dn_steal_fd(&directory);
        return n;
}

uint32_t dn_drm_find(int sys, struct dn_drm_node *nodes, uint32_t room) {
        int fd = sys < 0 ? -1 : dn_file_directory(sys, "class/drm");
        dn_autodir DIR *dir = dn_entries_of(fd);
        const struct dirent *entry;
        uint32_t n = 0;

        while (dir && (entry = readdir(dir)))
                if (is_node(dn_str_of(entry->d_name)))
                        n = add_entry(dirfd(dir), entry->d_name, nodes, n, room);
        if (n > 1)
                qsort(nodes, n, sizeof(*nodes), by_id);
        return n;
}

void dn_drm_node_close(struct dn_drm_node *node) {
        dn_guard_close(&node->device);
        dn_guard_close(&node->card);
        dn_guard_close(&node->hwmon);
}

/* ----------------------------------------------------------------------------------------------------- reading one */

/* The first of these files, where it is a number. */
static bool first_number(int directory, const char *const *paths, uint64_t *ret_number) {
        for (; directory >= 0 && *paths; paths++)
                if (dn_file_u64(directory, *paths, ret_number) == 0 && *ret_number < UINT64_C(1) << 61)
                        return true;
        return false;
}

static bool one_number(int directory, const char *path, uint64_t *ret_number) {
        return first_number(directory, (const char *const[]){path, NULL}, ret_number);
}

static void read_memory(const struct dn_drm_node *node, struct dn_gpu_device *out) {
        uint64_t number;

        if (one_number(node->device, "mem_info_vram_total", &number))
                dn_gpu_set(out, DN_GPU_MEMORY_TOTAL_BYTES, (int64_t)number);
        if (one_number(node->device, "mem_info_vram_used", &number))
                dn_gpu_set(out, DN_GPU_MEMORY_USED_BYTES, (int64_t)number);
        if (one_number(node->device, "gpu_busy_percent", &number) && number <= 100)
                dn_gpu_set(out, DN_GPU_BUSY_CENTI, (int64_t)number * 100);
        if (one_number(node->device, "mem_busy_percent", &number) && number <= 100)
                dn_gpu_set(out, DN_GPU_MEMORY_BUSY_CENTI, (int64_t)number * 100);
}

/* temp1 is the edge (amdgpu), the die (nouveau); of xe it is temp2, the package. */
static bool read_temperature(const struct dn_drm_node *node, int64_t *ret_celsius) {
        static const char *const paths[] = {"temp1_input", "temp2_input"};

        for (size_t i = 0; i < DN_COUNT(paths) && node->hwmon >= 0; i++) {
                char file[32];
                int n = dn_file_read(node->hwmon, paths[i], file, sizeof(file));
                struct dn_str rest = {file, n > 0 ? (size_t)n : 0};
                int64_t milli;

                if (dn_str_take_i64(&rest, &milli) && milli > -300000 && milli < 1000000) {
                        *ret_celsius = milli / 1000;
                        return true;
                }
        }
        return false;
}

static void read_power(const struct dn_drm_node *node, struct dn_gpu_device *out, int64_t *ret_energy_uj) {
        static const char *const power[] = {"power1_average", "power1_input", NULL}, *const energy[] = {"energy1_input",
                                                                                                        "energy2_input",
                                                                                                        NULL};
        uint64_t number;
        int64_t celsius;

        if (read_temperature(node, &celsius))
                dn_gpu_set(out, DN_GPU_CELSIUS, celsius);
        if (first_number(node->hwmon, power, &number))
                dn_gpu_set(out, DN_GPU_POWER_MW, (int64_t)number / 1000);
        *ret_energy_uj = first_number(node->hwmon, energy, &number) ? (int64_t)number : -1;
}

static void read_clocks(const struct dn_drm_node *node, struct dn_gpu_device *out) {
        static const char *const of_card[] = {"gt/gt0/rps_act_freq_mhz", "gt_act_freq_mhz", NULL},
                                 *const of_device[] = {"tile0/gt0/freq0/act_freq", NULL};
        uint64_t number;

        if (one_number(node->hwmon, "freq1_input", &number))
                dn_gpu_set(out, DN_GPU_CLOCK_MHZ, (int64_t)number / 1000000);
        else if (first_number(node->card, of_card, &number) || first_number(node->device, of_device, &number))
                dn_gpu_set(out, DN_GPU_CLOCK_MHZ, (int64_t)number);
        if (one_number(node->hwmon, "freq2_input", &number))
                dn_gpu_set(out, DN_GPU_MEMORY_CLOCK_MHZ, (int64_t)number / 1000000);
}

/* Intel's reasons, each a file that is 1 or 0, by the bits that NVIDIA's have. */
static void read_reasons(const struct dn_drm_node *node, struct dn_gpu_device *out) {
        static const struct {
                const char *name;
                int bit;
        } reasons[] = {
                {"pl1", DN_GPU_POWER_CAP},         {"pl2", DN_GPU_POWER_CAP},   {"pl4", DN_GPU_POWER_CAP},
                {"thermal", DN_GPU_HOT},           {"prochot", DN_GPU_TOO_HOT}, {"ratl", DN_GPU_HOT},
                {"vr_thermalert", DN_GPU_TOO_HOT}, {"vr_tdc", DN_GPU_SLOWDOWN},
        };
        bool is_xe = strcmp(node->driver, "xe") == 0, known = false;
        const char *format = is_xe ? "tile0/gt0/freq0/throttle/reason_%s" : "gt/gt0/throttle_reason_%s";
        int64_t bits = 0;

        for (size_t i = 0; i < DN_COUNT(reasons); i++) {
                char path[64];
                uint64_t number;

                snprintf(path, sizeof(path), format, reasons[i].name);
                if (!one_number(is_xe ? node->device : node->card, path, &number))
                        continue;
                known = true;
                bits |= number ? reasons[i].bit : 0;
        }
        if (known)
                dn_gpu_set(out, DN_GPU_THROTTLE_BITS, bits);
}

void dn_drm_node_read(const struct dn_drm_node *node, struct dn_gpu_device *out, int64_t *ret_energy_uj) {
        memcpy(out->name, node->name, sizeof(out->name));
        read_memory(node, out);
        read_power(node, out, ret_energy_uj);
        read_clocks(node, out);
        if (strcmp(node->driver, "i915") == 0 || strcmp(node->driver, "xe") == 0)
                read_reasons(node, out);
}
