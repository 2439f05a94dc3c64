/* SPDX-License-Identifier: GPL-3.0-or-later
 * The text of the status row, and of the lines of -n: fields chosen by what they are worth until the width is used up.
 */
#pragma once
#include "cli/figures.h"

struct dn_status_look {
        int columns; /* of the terminal, one of which stays free; 0: no limit */
        bool utf8, colour;
};

/* Numbers keep the width that they once had, so that what stands behind them stays where it is. */
enum { DN_STATUS_NUMBERS = 16 };
struct dn_status_row {
        unsigned char width[DN_STATUS_NUMBERS];
};

/* Appends it; without a sparkline where that is NULL. */
void dn_status_row_put(struct dn_status_row *row, struct dn_text *text, const struct dn_figures *f,
                       const struct dn_spark *spark, const struct dn_status_look *look);
