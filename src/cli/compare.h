/* SPDX-License-Identifier: GPL-3.0-or-later
 * Two runs side by side, and what has changed from the first to the second. */
#pragma once
#include "cli/report.h"

struct dn_compared {
        const char *name;
        struct dn_report *report;
};

/* Appends the table. `columns`: of the terminal; 0: it goes to none. */
void dn_compare_write(struct dn_text *text, const struct dn_compared runs[2], bool colour, int columns);
