/* SPDX-License-Identifier: GPL-3.0-or-later
 * The graphics devices of /sys/class/drm whose drivers tell what is used of them, and what /sys has of each: heat,
 * power, energy, clocks, memory. Files that anybody may read. */
#pragma once
#include "sources/gpu/gpu.h"

enum { DN_DRM_ID = 64, DN_DRM_NODES = 2 };

/* The caller's; directories are held open. */
struct dn_drm_node {
        char id[DN_DRM_ID];           /* PCI address, or the platform's name for it */
        char nodes[DN_DRM_NODES][16]; /* below /dev/dri: card0, renderD128; "": it has none */
        char driver[24];
        char name[DN_GPU_NAME];
        int device, card, hwmon; /* its directories; -1: there is none */
};

/* Looks for them below `sys`, at most `room`. Returns how many. */
uint32_t dn_drm_find(int sys, struct dn_drm_node *nodes, uint32_t room);
void dn_drm_node_close(struct dn_drm_node *node);

/* Sets what there is, but for energy and what is the tree's. *ret_energy_uj: the driver's own count, -1: it has none.
 */
void dn_drm_node_read(const struct dn_drm_node *node, struct dn_gpu_device *out, int64_t *ret_energy_uj);

/* A driver by this name tells in fdinfo what is used. */
bool dn_drm_tells(struct dn_str driver);
