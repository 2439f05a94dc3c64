/* SPDX-License-Identifier: GPL-3.0-or-later
 * A saved file, record by record, for the commands that read: progress while it lasts, and what is broken in it said by
 * its line. */
#pragma once
#include "cli/cli.h"
#include "cli/progress.h"

enum { DN_READING_SAID = 10 }; /* broken lines, each by its number; all are counted */

struct dn_reading {
        denet *stream;
        const char *name;   /* as it is spoken of */
        const char *reader; /* the command that reads */
        uint64_t records, broken;
        uint64_t broken_lines[DN_READING_SAID];
        struct dn_progress progress;
};

/* "-" is standard input. 0, or an exit status after a line that says why. */
int dn_reading_open(struct dn_reading *r, struct dn_cli *cli, const char *path, bool progress);
/* 1: there is one. 0: the end. An exit status below 0, negated, after a line that says why. */
int dn_reading_next(struct dn_reading *r, const denet_record **ret_record);
void dn_reading_close(struct dn_reading *r);
