/* SPDX-License-Identifier: GPL-3.0-or-later
 * What files lie on. */
#pragma once
#include "base/json_write.h"

/* file_systems {working_directory {type, mount_point, options, device, rotational}, output {…}}, of absolute paths
 * without links; NULL: not known, or none. Of a network's there is neither its server nor who may enter there. */
void dn_env_file_systems(struct dn_json *json, int proc, int sys, const char *directory, const char *output);
