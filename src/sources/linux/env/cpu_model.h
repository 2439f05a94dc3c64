/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a processor is called. */
#pragma once
#include "base/text.h"

/* Appends the name by /proc/cpuinfo, of its first CPU. 0, -errno, or -ENODATA where it has none. */
int dn_cpu_model(int proc, struct dn_text *text);
