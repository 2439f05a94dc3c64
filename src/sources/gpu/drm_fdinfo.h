/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the kernel's graphics drivers write of one open device into /proc/PID/fdinfo (drm-usage-stats): what its user, a
 * "client", has used. */
#pragma once
#include "base/str.h"

enum { DN_DRM_ENGINES = 16, DN_DRM_NAME = 32 };

/* A group of like engines, by its driver's name for it. Busy time or busy cycles, or both. */
struct dn_drm_engine {
        char name[DN_DRM_NAME];
        bool has_ns, has_cycles;
        uint64_t busy_ns;
        uint64_t cycles;       /* busy ones … */
        uint64_t total_cycles; /* … of these; 0: the driver does not tell them */
        uint64_t max_hz;       /* cycles a second at most; 0: not told */
        uint64_t capacity;     /* engines in the group */
};

struct dn_drm_fdinfo {
        char driver[DN_DRM_NAME];
        char device[DN_DRM_NAME]; /* PCI address; "": not one of PCI */
        bool has_client;
        uint64_t client; /* descriptors with the same one share what they have used; by device */
        uint32_t n_engines;
        struct dn_drm_engine engines[DN_DRM_ENGINES];
        bool has_own, has_system;
        uint64_t own_bytes;    /* resident in the device's own memory … */
        uint64_t system_bytes; /* … and in the machine's, for it */
};

/* 0; -EBADMSG: not of such a device, or a number that is none. *ret_info is then untouched. */
int dn_drm_fdinfo_parse(struct dn_str file, struct dn_drm_fdinfo *ret_info);
