/* SPDX-License-Identifier: GPL-3.0-or-later
 * The abilities that hang on a device: energy counters, GPUs. */
#pragma once
#include "sources/probe.h"

void dn_ability_energy(struct dn_ability *a, const struct dn_probe_roots *roots);
void dn_ability_gpu(struct dn_ability *a, const struct dn_probe_roots *roots);
