/* SPDX-License-Identifier: GPL-3.0-or-later
 * Graphics devices and their drivers, by /proc and /sys: no library is opened for it. */
#pragma once
#include "base/json_write.h"

/* gpus [{name, pci, driver, driver_version}]; absent where there is none. */
void dn_env_gpus(struct dn_json *json, int proc, int sys);
