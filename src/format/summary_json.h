/* SPDX-License-Identifier: GPL-3.0-or-later
 * The summary as one JSON object on one line, in the order of its table; what is not known is left out. */
#pragma once
#include "base/text.h"
#include "model/summary.h"

void dn_summary_write(struct dn_text *text, const struct denet_summary *s);
