/* SPDX-License-Identifier: GPL-3.0-or-later
 * The loop of run and attach: records to where they go, signals to where they belong, until the end; then the summary.
 */
#pragma once
#include "cli/cli.h"
#include "cli/display.h"

struct dn_watch {
        struct dn_cli *cli;
        denet *stream;
        denet_sink *file, *out; /* each may be NULL */
        int signals;            /* to poll */
        bool command;           /* signals are for the command that we started */
        struct dn_report report;
        struct dn_display display;
        bool time_limit, interrupted;
        bool file_failed, out_failed;
        int lost_error;           /* why the file lost records: an errno value */
        int stats_fd;             /* of --stats; -1: not asked for */
        bool stats_made;          /* that file was not there before */
        struct dn_text survivors; /* who lives on when denet does not wait */
};

/* Opens what records go to, before anything is started. 0, or an exit status after a line that says why. */
int dn_watch_open(struct dn_watch *w, struct dn_cli *cli);
/* Goes on until the stream ends. Then writes the summary, and gives the exit status (of attach: 0). */
int dn_watch_to_end(struct dn_watch *w);
void dn_watch_close(struct dn_watch *w);
