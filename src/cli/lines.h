/* SPDX-License-Identifier: GPL-3.0-or-later
 * --no-update: a line a sample, on standard error. */
#pragma once
#include "denet/denet.h"

void dn_lines_show(const denet_record *record, double elapsed_secs);
