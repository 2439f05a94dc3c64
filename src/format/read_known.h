/* SPDX-License-Identifier: GPL-3.0-or-later
 * Metrics whose members come as they came last time, in their order and without a blank, as in all that denet writes:
 * a whole `,"name":` is compared at once, and no key is looked for. Whatever else comes is left where it stands for
 * the scanner. Part of the reader. */
#pragma once
#include "base/json_scan.h"
#include "model/row.h"

/* Which member followed which. Begin with 0. */
struct dn_known {
        uint8_t next[1 +
                     DN_FIELDS]; /* by the field before, from 1 on, 0 for the front: a field, the end, or nothing yet */
};

enum {
        DN_KNOWN_LEFT = -1, /* the object was left at its end */
        DN_KNOWN_OTHER = -2 /* what comes next is for the scanner */
};

/* Into an object that begins with its ts_ms, and past that. False, and nothing taken: it is not there, or of another
 * form. */
bool dn_known_begin(struct dn_scan *scan, int64_t *ret_ts_ms);
/* Takes members into the row, *last being the field before (DN_NOTHING: none), and moves it on. DN_KNOWN_LEFT,
 * DN_KNOWN_OTHER; or a field whose key was taken, and whose value is for the scanner. */
int dn_known_fields(struct dn_scan *scan, const struct dn_known *known, int *last, struct dn_row *row);
/* After `last` came this field, or the end (DN_KNOWN_LEFT). */
void dn_known_learn(struct dn_known *known, int last, int field);

/* Into the object of a child up to its metrics. False, and nothing taken: it begins in another way, or its name is not
 * plain and short. */
bool dn_known_child(struct dn_scan *scan, int64_t *ret_pid, struct dn_str *ret_name);
