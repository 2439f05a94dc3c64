/* SPDX-License-Identifier: GPL-3.0-or-later
 * The energy of a run: the summary's block `energy`, whose members are the fields of the records' block `rapl`. */
#pragma once
#include "model/record.h"

enum { DN_SUMMARY_ENERGY_ROOM = 8 };

struct dn_summary_energy {
        uint64_t has; /* a bit a field, by its place in the block */
        int64_t uj[DN_SUMMARY_ENERGY_ROOM];
};

/* Of an exit record it is the total. */
void dn_summary_energy_add(struct dn_summary_energy *e, const struct denet_record *r);
