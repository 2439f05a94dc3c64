/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/driver.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/gpu/drm_sysfs.h"

#include <stdio.h>

enum { GPUS_MAX = 32 };

struct gpu {
        char name[DN_GPU_NAME], pci[DN_DRM_ID];
        const char *driver;
};

struct list {
        struct gpu gpus[GPUS_MAX];
        uint32_t n;
};

static void copy(char *to, size_t room, struct dn_str from) {
        size_t n = from.n < room ? from.n : room - 1;

        memcpy(to, from.p, n);
        to[n] = '\0';
}

/* Model: NVIDIA A100-SXM4-80GB … Bus Location: 0000:07:00.0 */
static void add_nvidia(struct list *list, int directory, const char *address) {
        char path[96], file[4096];
        struct gpu *gpu = &list->gpus[list->n];
        struct dn_str rest, value;
        int n;

        snprintf(path, sizeof(path), "%.63s/information", address);
        n = dn_file_read(directory, path, file, sizeof(file));
        if (n <= 0)
                return;
        *gpu = (struct gpu){.driver = "nvidia"};
        rest = (struct dn_str){file, (size_t)n};
        if (dn_str_value(&rest, DN_STR("Model"), &value))
                copy(gpu->name, sizeof(gpu->name), value);
        copy(gpu->pci, sizeof(gpu->pci), dn_str_of(address));
        list->n++;
}

static void find_nvidia(struct list *list, int proc) {
        int fd = dn_file_directory(proc, "driver/nvidia/gpus");
        dn_autodir DIR *dir = dn_entries_of(fd);
        const struct dirent *entry;

        while (dir && list->n < GPUS_MAX && (entry = readdir(dir)))
                if (entry->d_name[0] != '.')
                        add_nvidia(list, fd, entry->d_name);
}

static int by_address(const void *a, const void *b) {
        return strcmp(((const struct gpu *)a)->pci, ((const struct gpu *)b)->pci);
}

/* A driver that is part of the kernel has no version but the kernel's. */
static void write_version(struct dn_json *json, const char *driver, int sys) {
        char path[64], file[128];
        struct dn_str version;
        int n;

        snprintf(path, sizeof(path), "module/%.40s/version", driver);
        n = dn_file_read(sys, path, file, sizeof(file));
        version = dn_str_trim((struct dn_str){file, n > 0 ? (size_t)n : 0});
        if (version.n > 0)
                dn_json_key_string(json, DN_STR("driver_version"), version);
}

static void write_gpu(struct dn_json *json, const struct gpu *gpu, int sys) {
        dn_json_object(json);
        if (gpu->name[0] != '\0')
                dn_json_key_string(json, DN_STR("name"), dn_str_of(gpu->name));
        dn_json_key_string(json, DN_STR("pci"), dn_str_of(gpu->pci));
        dn_json_key_string(json, DN_STR("driver"), dn_str_of(gpu->driver));
        write_version(json, gpu->driver, sys);
        dn_json_object_end(json);
}

void dn_env_gpus(struct dn_json *json, int proc, int sys) {
        struct dn_drm_node nodes[GPUS_MAX];
        struct list list = {0};
        uint32_t n = dn_drm_find(sys, nodes, GPUS_MAX);

        find_nvidia(&list, proc);
        for (uint32_t i = 0; i < n && list.n < GPUS_MAX; i++) {
                struct gpu *gpu = &list.gpus[list.n++];

                gpu->driver = nodes[i].driver;
                copy(gpu->name, sizeof(gpu->name), dn_str_of(nodes[i].name));
                copy(gpu->pci, sizeof(gpu->pci), dn_str_of(nodes[i].id));
        }
        if (list.n > 0) {
                qsort(list.gpus, list.n, sizeof(*list.gpus), by_address);
                dn_json_key(json, DN_STR("gpus"));
                dn_json_array(json);
                for (uint32_t i = 0; i < list.n; i++)
                        write_gpu(json, &list.gpus[i], sys);
                dn_json_array_end(json);
        }
        for (uint32_t i = 0; i < n; i++)
                dn_drm_node_close(&nodes[i]);
}
