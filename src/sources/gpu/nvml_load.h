/* SPDX-License-Identifier: GPL-3.0-or-later
 * NVIDIA's library, opened when GPUs are asked for: a part of the driver, and no library of ours to depend on. */
#pragma once
#include "base/text.h"
#include "sources/gpu/nvml_api.h"

/* Opens it and finds its calls; `path` NULL: where the system has it. Calls nothing. 0; -ENOENT: there is none;
 * -ELIBACC: it cannot be opened, or it lacks a call that nothing can be done without; `why` says it. */
int dn_nvml_load(struct dn_nvml_api *ret_api, const char *path, struct dn_text *why);
void dn_nvml_unload(struct dn_nvml_api *api);

/* What a result says, as a phrase. */
const char *dn_nvml_phrase(int result);
