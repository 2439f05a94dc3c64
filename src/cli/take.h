/* SPDX-License-Identifier: GPL-3.0-or-later
 * Pieces of a record's line, where the scanner stands before their value. What is of another type is passed over. */
#pragma once
#include "base/json_scan.h"

void dn_take_text(struct dn_scan *scan, struct dn_text *text);  /* in the place of what is in it */
void dn_take_words(struct dn_scan *scan, struct dn_text *text); /* likewise; an array, a blank between its strings */

/* Of metadata.capabilities. What no record speaks of is not known. */
struct dn_capability {
        bool known, available;
        struct dn_text reason, hint; /* of what is not available */
};

void dn_take_capability(struct dn_scan *scan, struct dn_capability *c);
void dn_capability_free(struct dn_capability *c);
