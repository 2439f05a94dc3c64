/* SPDX-License-Identifier: GPL-3.0-or-later
 * NVIDIA's devices, by their driver's library. Any call may take seconds: not for the thread that samples. */
#pragma once
#include "sources/gpu/gpu.h"

struct dn_nvml;

/* Opens the library (nvml_load.h: `path`) and all devices. 0; -ENOENT: there is no such library; others; `why` says it.
 */
int dn_nvml_open(struct dn_nvml **ret_nvml, const char *path, struct dn_text *why);
void dn_nvml_close(struct dn_nvml *n);

uint32_t dn_nvml_count(const struct dn_nvml *n);     /* devices that are not lost; parts (MIG) are not counted */
int64_t dn_nvml_next_index(const struct dn_nvml *n); /* behind all, the lost too */
const char *dn_nvml_driver_version(const struct dn_nvml *n); /* "": not known */

/* Appends a device each, parts behind the device that they are of. One that is lost is not there any more. 0 or
 * -ENOMEM.
 */
int dn_nvml_read(struct dn_nvml *n, const struct dn_gpu_tree *tree, struct dn_gpu_reading *reading);

/* What has been lost, and what of the tree cannot be told; empty: nothing. */
struct dn_str dn_nvml_trouble(const struct dn_nvml *n);
