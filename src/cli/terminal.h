/* SPDX-License-Identifier: GPL-3.0-or-later
 * The terminal that standard error is, as a place to show something in: a last row kept apart from the scrolling ones,
 * or the line of the cursor. Each change is one write, of a descriptor of our own that never waits. Where there is no
 * such terminal, or none that understands escapes, it cannot be opened. */
#pragma once
#include "base/text.h"

enum { DN_TERMINAL_ROWS_MIN = 8, DN_TERMINAL_COLUMNS_MIN = 40, DN_TERMINAL_WRITE_MAX = 512 };

struct dn_terminal {
        int fd;         /* -1: not open */
        int lock;       /* the terminal's node: whoever holds its lock has the row */
        bool in_place;  /* nobody else writes there: the cursor's line, no row kept apart */
        bool colour;    /* styles, and the one that undoes those of others */
        int kept_row;   /* the number of the row that is kept apart; 0: none */
        char rest[512]; /* of a change that was written in part: its end, to be written before all else */
        size_t n_rest;
};

int dn_terminal_open(struct dn_terminal *t, bool in_place, bool colour); /* 0 or -errno */
void dn_terminal_close(struct dn_terminal *t);

/* Nobody but our own process group is at the terminal, and it takes whole lines: no editor, pager or shell. */
bool dn_terminal_calm(const struct dn_terminal *t);
/* False: not known, or too small for a row. */
bool dn_terminal_size(const struct dn_terminal *t, int *ret_rows, int *ret_columns);
bool dn_terminal_claim(struct dn_terminal *t); /* false: another denet has the row */
void dn_terminal_yield(struct dn_terminal *t);
void dn_terminal_tell_others(const struct dn_terminal *t); /* that the size changed: they draw all anew */

/* These give 0; -EAGAIN: the terminal takes nothing now; -errno: it never will. */
int dn_terminal_draw(struct dn_terminal *t, struct dn_str row, int rows, bool appear);
int dn_terminal_release(struct dn_terminal *t); /* the row is an ordinary one again, and empty */
int dn_terminal_clean(struct dn_terminal *t);   /* the same where nobody knows which it is: all below the cursor */
int dn_terminal_flush(struct dn_terminal *t);   /* what was written in part */
bool dn_terminal_wait(const struct dn_terminal *t, int timeout_ms); /* false: it still takes nothing */
