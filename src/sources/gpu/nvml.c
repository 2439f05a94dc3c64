/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/gpu/nvml.h"
#include "base/guard.h"
#include "base/slots.h"
#include "host/clock.h"
#include "sources/gpu/nvml_device.h"
#include "sources/gpu/nvml_load.h"

struct dn_nvml {
        struct dn_nvml_api api;
        bool begun;
        struct dn_nvml_state *devices;
        uint32_t n, room;
        struct dn_nvml_lists lists;
        char version[DN_NVML_VERSION_MAX];
        bool blind;
        struct dn_text trouble;
};

static struct dn_nvml_state *add(struct dn_nvml *n) {
        struct dn_nvml_state *devices = dn_slots_reserve(n->devices, &n->room, n->n, sizeof(*devices));

        if (!devices)
                return NULL;
        n->devices = devices;
        devices[n->n] = (struct dn_nvml_state){.part = DN_GPU_WHOLE};
        return &devices[n->n++];
}

static int add_device(struct dn_nvml *n, dn_nvml_handle handle, int64_t index, int64_t part) {
        struct dn_nvml_state *d = add(n);

        if (!d)
                return -ENOMEM;
        d->handle = handle;
        d->index = index;
        d->part = part;
        d->after_us = (unsigned long long)dn_clock_unix_ms() * 1000;
        if (!n->api.name || n->api.name(handle, d->name, sizeof(d->name)) != DN_NVML_SUCCESS)
                d->name[0] = '\0';
        d->name[sizeof(d->name) - 1] = '\0';
        return 0;
}

/* A device in MIG mode is cut into parts, each with memory and processes of its own. */
static int add_parts(struct dn_nvml *n, dn_nvml_handle handle, int64_t index) {
        unsigned now = 0, pending = 0, most = 0;
        int r = 0;

        if (!n->api.mig_mode || !n->api.mig_max || !n->api.mig_by_index ||
            n->api.mig_mode(handle, &now, &pending) != DN_NVML_SUCCESS || now == 0 ||
            n->api.mig_max(handle, &most) != DN_NVML_SUCCESS)
                return 0;
        for (unsigned i = 0; i < most && i < 64 && r == 0; i++) {
                dn_nvml_handle part;

                if (n->api.mig_by_index(handle, i, &part) == DN_NVML_SUCCESS)
                        r = add_device(n, part, index, i);
        }
        return r;
}

static int find_devices(struct dn_nvml *n, struct dn_text *why) {
        unsigned count = 0;
        int r = n->api.count(&count), memory = 0;

        if (r != DN_NVML_SUCCESS) {
                dn_text_put(why, dn_str_of(dn_nvml_phrase(r)));
                return -EIO;
        }
        for (unsigned i = 0; i < count && memory == 0; i++) {
                dn_nvml_handle handle;

                /* One that may not be used, or is broken, is no reason to go without the others. */
                r = n->api.by_index(i, &handle);
                if (r != DN_NVML_SUCCESS)
                        continue;
                memory = add_device(n, handle, i, DN_GPU_WHOLE);
                if (memory == 0)
                        memory = add_parts(n, handle, i);
        }
        if (memory < 0 || n->n > 0)
                return memory;
        dn_text_put(why, count == 0 ? DN_STR("the NVIDIA driver has no device") : dn_str_of(dn_nvml_phrase(r)));
        return -ENODEV;
}

static int begin(struct dn_nvml *n, struct dn_text *why) {
        int r = n->api.init();

        if (r != DN_NVML_SUCCESS) {
                dn_text_put(why, dn_str_of(dn_nvml_phrase(r)));
                return -ENODEV;
        }
        n->begun = true;
        if (!n->api.driver_version || n->api.driver_version(n->version, sizeof(n->version)) != DN_NVML_SUCCESS)
                n->version[0] = '\0';
        return find_devices(n, why);
}

int dn_nvml_open(struct dn_nvml **ret_nvml, const char *path, struct dn_text *why) {
        struct dn_nvml *n = calloc(1, sizeof(*n));
        int r;

        if (!n)
                return -ENOMEM;
        r = dn_nvml_load(&n->api, path, why);
        if (r == 0)
                r = begin(n, why);
        if (r < 0) {
                dn_nvml_close(n);
                return r;
        }
        *ret_nvml = n;
        return 0;
}

void dn_nvml_close(struct dn_nvml *n) {
        if (n->begun && n->api.shutdown)
                n->api.shutdown();
        dn_nvml_unload(&n->api);
        dn_nvml_lists_free(&n->lists);
        dn_text_free(&n->trouble);
        free(n->devices);
        free(n);
}

uint32_t dn_nvml_count(const struct dn_nvml *n) {
        uint32_t count = 0;

        for (uint32_t i = 0; i < n->n; i++)
                count += !n->devices[i].lost && n->devices[i].part == DN_GPU_WHOLE;
        return count;
}

int64_t dn_nvml_next_index(const struct dn_nvml *n) {
        return n->n > 0 ? n->devices[n->n - 1].index + 1 : 0;
}

const char *dn_nvml_driver_version(const struct dn_nvml *n) {
        return n->version;
}

/* What the tree has in the parts of a device is what it has on it; the device itself tells it to root alone. */
static void add_up_parts(struct dn_gpu_reading *reading, uint32_t from) {
        struct dn_gpu_device *whole = NULL;
        bool first = true;

        for (uint32_t i = from; i < reading->n; i++) {
                struct dn_gpu_device *d = &reading->devices[i];
                int64_t bytes;

                if (d->part == DN_GPU_WHOLE) {
                        whole = d;
                        first = true;
                } else if (whole && whole->index == d->index && dn_gpu_get(d, DN_GPU_TREE_MEMORY_BYTES, &bytes)) {
                        bytes += first ? 0 : whole->v[DN_GPU_TREE_MEMORY_BYTES];
                        dn_gpu_set(whole, DN_GPU_TREE_MEMORY_BYTES, bytes);
                        first = false;
                }
        }
}

/* A lost device takes its parts with it. */
static void lose_parts(struct dn_nvml *n) {
        for (uint32_t i = 1; i < n->n; i++)
                if (n->devices[i].part != DN_GPU_WHOLE && n->devices[i - 1].index == n->devices[i].index &&
                    n->devices[i - 1].lost)
                        n->devices[i].lost = n->devices[i - 1].lost;
}

static void put_trouble(struct dn_nvml *n) {
        dn_text_reset(&n->trouble);
        for (uint32_t i = 0; i < n->n; i++) {
                const struct dn_nvml_state *d = &n->devices[i];

                if (d->lost && d->part == DN_GPU_WHOLE)
                        dn_text_printf(&n->trouble, "%sGPU %lld (%s) is lost: %s", n->trouble.n > 0 ? "; " : "",
                                       (long long)d->index, d->name, dn_nvml_phrase(d->lost));
        }
        if (n->blind)
                dn_text_printf(
                        &n->trouble,
                        "%sthe driver tells processes by the numbers that they have outside of this PID namespace, so "
                        "the command's own use is not known",
                        n->trouble.n > 0 ? "; " : "");
}

int dn_nvml_read(struct dn_nvml *n, const struct dn_gpu_tree *tree, struct dn_gpu_reading *reading) {
        uint32_t from = reading->n;
        int r = 0;

        for (uint32_t i = 0; i < n->n && r == 0; i++)
                if (!n->devices[i].lost)
                        r = dn_nvml_read_device(&n->api, &n->devices[i], &n->lists, tree, reading, &n->blind);
        lose_parts(n);
        add_up_parts(reading, from);
        put_trouble(n);
        return r;
}

struct dn_str dn_nvml_trouble(const struct dn_nvml *n) {
        return dn_text_str(&n->trouble);
}
