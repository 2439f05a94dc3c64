/* SPDX-License-Identifier: GPL-3.0-or-later
 * Memory nodes. */
#pragma once
#include "base/json_write.h"

/* numa {nodes, distances, node_sizes_mb}, of the nodes online; without what cannot be read. */
void dn_env_numa(struct dn_json *json, int sys);
