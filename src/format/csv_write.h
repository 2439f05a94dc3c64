/* SPDX-License-Identifier: GPL-3.0-or-later
 * A row a tree (its aggregate) or a sample: ts_ms, elapsed_us, then every field of the whole, in the table's order,
 * then those of the blocks as cgroup.cpu_secs.
 * RFC 4180; an unknown value is an empty cell. */
#pragma once
#include "base/text.h"
#include "model/record.h"

void dn_csv_header(struct dn_text *text);
/* False, and nothing written, for a record that has no row. */
bool dn_csv_row(struct dn_text *text, const struct denet_record *r);

/* A field that has a column: not a text, not a set of words, and not of a block of many rows. */
bool dn_csv_has(int id);
