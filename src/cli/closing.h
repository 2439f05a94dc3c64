/* SPDX-License-Identifier: GPL-3.0-or-later
 * The summary for people, at the end of a run and of `stats`. */
#pragma once
#include "cli/report.h"

struct dn_closing {
        bool colour, terminal, utf8; /* of where it goes */
        bool interrupted;            /* denet did not wait for the end */
        bool time_limit;             /* the run was ended by --duration */
        const char *records;         /* the file that holds them, or NULL */
        int64_t records_bytes;       /* its size; -1: not known */
        int lost_error;              /* why records were lost, an errno value; 0: not known */
        int rows;                    /* of the terminal: at most that many minus two; 0: no matter */
        int columns;
};

/* Appends it, the empty line before it left out. */
void dn_closing_write(struct dn_text *text, struct dn_report *r, const struct dn_closing *how);
