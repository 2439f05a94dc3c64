/* SPDX-License-Identifier: GPL-3.0-or-later
 * Rows of CSV (RFC 4180) back to records. Columns are known by the names in the first row, in any order; those that
 * denet has not are passed over, an empty cell is unknown. A row becomes the JSON line that says the same. */
#pragma once
#include "base/text.h"

enum { DN_CSV_COLUMNS = 512 }; /* what stands behind these is not read */

struct dn_csv {
        int16_t column[DN_CSV_COLUMNS]; /* what each is: a field, or one of csv_read.c's own */
        size_t n;
};

/* Up to where a row was looked for, and whether that is within quotes. Begin with 0. */
struct dn_csv_place {
        size_t looked;
        bool quoted;
};

/* The row at the front of the text: its bytes with its newline, which is none within quotes. 0: it is not there yet;
 * call again with the same text and more. */
size_t dn_csv_cut(struct dn_str text, struct dn_csv_place *place);

/* Takes the first row. False: it has not the names of records in it. */
bool dn_csv_begin(struct dn_csv *csv, struct dn_str row);

/* Appends the row as a record's line, without a newline: numbers as they are written. 0; -EBADMSG: it has not as many
 * cells as the first one, or what is no number; -ENODATA: a blank line, or the first row again. */
int dn_csv_line(const struct dn_csv *csv, struct dn_str row, struct dn_text *line);
