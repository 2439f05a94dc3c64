/* SPDX-License-Identifier: GPL-3.0-or-later
 * The pass over the descriptors of the tree's processes. Of drm.c. */
#pragma once
#include "sources/gpu/drm_fdinfo.h"
#include "sources/gpu/drm_sysfs.h"

enum { DN_DRM_DEVICES = 32 };

/* An engine of a device between two walks: what all clients have used of it since. */
struct dn_drm_use {
        char name[DN_DRM_NAME];
        uint64_t busy_ns, cycles;
        uint64_t total_now, total_then; /* the device's own count of cycles; 0: not known */
        uint64_t max_hz, capacity;
};

struct dn_drm_device {
        struct dn_drm_node node;
        struct dn_drm_use engines[DN_DRM_ENGINES];
        uint32_t n_engines;
        uint64_t own_bytes, system_bytes;
        bool has_own, has_system;
        int64_t busy_centi; /* of the tree, in the last walk */
        int64_t first_uj;   /* -1: not read yet */
        struct dn_gpu_meter meter;
        struct dn_gpu_share share;
};

/* Who holds a descriptor of a device open. */
struct dn_drm_client {
        uint32_t device;
        uint64_t id;
        uint32_t walk; /* that it was seen in last */
        struct dn_drm_engine engines[DN_DRM_ENGINES];
        uint32_t n_engines;
};

struct dn_drm {
        struct dn_drm_device devices[DN_DRM_DEVICES];
        uint32_t n;
        struct dn_drm_client *clients;
        uint32_t n_clients, room;
        uint32_t walks;
        int64_t walked_ns, due_ns;
        uint32_t seen, hidden; /* processes whose descriptors could be seen, and could not */
};

/* Each process's descriptors once: what each device's clients have used since the last walk. 0 or -ENOMEM. */
int dn_drm_walk(struct dn_drm *drm, const struct dn_gpu_tree *tree, int64_t mono_ns);
