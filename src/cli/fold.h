/* SPDX-License-Identifier: GPL-3.0-or-later
 * Lines for a terminal that may be narrower than they are. Styles take no room. */
#pragma once
#include "base/text.h"

/* Appends the lines, each that is wider than `columns` (0: no limit) broken behind a `,` or `;` with a blank, so that
 * no number leaves its unit; what goes on stands `indent` blanks in. */
void dn_fold_put(struct dn_text *text, struct dn_str lines, int columns, int indent);

/* How many they take on the screen, where one that is too long goes on in the next. */
int dn_fold_count(struct dn_str lines, int columns);
