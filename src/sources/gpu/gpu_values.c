/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/slots.h"
#include "sources/gpu/gpu.h"

#include <stdlib.h>

struct dn_gpu_device *dn_gpu_add(struct dn_gpu_reading *reading) {
        struct dn_gpu_device *devices, *d;

        devices = dn_slots_reserve(reading->devices, &reading->room, reading->n, sizeof(*devices));
        if (!devices)
                return NULL;
        reading->devices = devices;
        d = &devices[reading->n++];
        *d = (struct dn_gpu_device){.part = DN_GPU_WHOLE};
        return d;
}

void dn_gpu_reading_free(struct dn_gpu_reading *reading) {
        free(reading->devices);
        *reading = (struct dn_gpu_reading){0};
}

static int by_number(const void *a, const void *b) {
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return (x > y) - (x < y);
}

bool dn_gpu_tree_has(const struct dn_gpu_tree *tree, int64_t pid) {
        return tree->n > 0 && bsearch(&pid, tree->pids, tree->n, sizeof(pid), by_number);
}

void dn_gpu_meter_add(struct dn_gpu_meter *meter, int64_t mono_ns, int64_t power_mw) {
        const int64_t ns_of_us = 1000;

        /* mW over us are nJ; the mean of both ends is what lay between. */
        if (meter->last_ns > 0 && mono_ns > meter->last_ns)
                meter->energy_uj += (mono_ns - meter->last_ns) / ns_of_us * ((meter->last_mw + power_mw) / 2) / 1000;
        meter->last_ns = mono_ns;
        meter->last_mw = power_mw;
}

void dn_gpu_share_add(struct dn_gpu_share *share, int64_t energy_uj, int64_t part, int64_t all) {
        int64_t used_uj = energy_uj - share->last_uj;

        if (share->begun && used_uj > 0 && all > 0) {
                part = part < all ? part : all;
                share->tree_uj += (int64_t)((__int128)used_uj * part / all);
        }
        share->last_uj = energy_uj;
        share->begun = true;
}
