/* SPDX-License-Identifier: GPL-3.0-or-later
 * AMD's, Intel's and other devices with a driver of the kernel's own: by /sys, and by one pass over the descriptors of
 * the tree's processes for all of them. No library, and no rights but to look at the processes. */
#pragma once
#include "sources/gpu/gpu.h"

struct dn_drm;

/* `sys`: /sys, the caller's. 0; -ENODEV: no such device; -ENOMEM. */
int dn_drm_open(struct dn_drm **ret_drm, int sys);
void dn_drm_close(struct dn_drm *drm);

uint32_t dn_drm_count(const struct dn_drm *drm);

/* Appends a device each, their numbers from `index` on. 0 or -ENOMEM. */
int dn_drm_read(struct dn_drm *drm, const struct dn_gpu_tree *tree, int64_t index, int64_t mono_ns,
                struct dn_gpu_reading *reading);

/* What of the tree could not be seen; empty: all could. */
struct dn_str dn_drm_trouble(const struct dn_drm *drm);
