/* SPDX-License-Identifier: GPL-3.0-or-later
 * What could not be measured: a metadata record's capabilities. */
#pragma once
#include "base/json_scan.h"

struct dn_missing {
        /* Of those that were off, and for which there is something to do (a hint), in the words of doctor: `energy:
         * only root may read it; …` and `energy, …`. Empty where there are none. */
        struct dn_text reasons, names;
        bool ebpf; /* it was on, so each end was seen */
};

void dn_missing_take(struct dn_missing *m, struct dn_scan *scan);
void dn_missing_free(struct dn_missing *m);
