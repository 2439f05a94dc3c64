/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is shown while it runs: the status row, or a line a sample, or nothing. Of the loop it asks no more than to be
 * called when it is due, and never makes it wait. */
#pragma once
#include "cli/cli.h"
#include "cli/helper.h"
#include "cli/report.h"
#include "cli/status_row.h"

enum dn_display_state {
        DN_DISPLAY_OFF,
        DN_DISPLAY_LINES,
        DN_DISPLAY_WAITING, /* for calm */
        DN_DISPLAY_SHOWN,
        DN_DISPLAY_LEAVING /* the terminal has not yet taken the row's end */
};

struct dn_display {
        enum dn_display_state state;
        struct dn_terminal terminal;
        struct dn_helper helper;
        struct dn_meter meter;
        struct dn_status_row row;
        struct dn_status_look look;
        struct dn_text text, shown; /* to be drawn, and drawn last */
        long long start_ms, calm_since_ms /* 0: it is not */, appear_ms, look_ms, draw_ms, leave_until_ms;
        int rows, columns; /* of the terminal, at the last drawing */
        int pauses;        /* how often somebody else took the terminal over from it */
        bool unclean;      /* what the row left behind is to be wiped away once it is calm */
};

void dn_display_init(struct dn_display *d); /* closed, and to be closed without harm */
/* Before the command is started. In place: nobody else writes to the terminal. */
void dn_display_open(struct dn_display *d, const struct dn_cli *cli, bool in_place);
void dn_display_begin(struct dn_display *d); /* … and after it */
void dn_display_close(struct dn_display *d);

/* The report has the record already. */
void dn_display_record(struct dn_display *d, const denet_record *record, const struct dn_report *report);

/* When dn_display_tick has something to do: a time of CLOCK_MONOTONIC; LLONG_MAX: never. */
long long dn_display_due_ms(const struct dn_display *d);
void dn_display_tick(struct dn_display *d, long long now_ms);

void dn_display_resized(struct dn_display *d, long long now_ms);
void dn_display_continued(struct dn_display *d, long long now_ms); /* after a stop */
/* Takes the row away, waiting for a second at most: at the end, and before a stop. */
void dn_display_leave(struct dn_display *d);
