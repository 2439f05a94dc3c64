/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/display.h"
#include "base/guard.h"
#include "cli/clock.h"

#include <limits.h>
#include <signal.h>

enum {
        LOOK_MS = 200,    /* between two looks at who has the terminal */
        CALM_MS = 1000,   /* that it is ours, before a row appears */
        RESIZED_MS = 500, /* without a further change of its size */
        DRAW_MS = 500,    /* between two drawings */
        LEAVE_MS = 1000,  /* for the terminal to take the row's end */
        RETRY_MS = 20,
        PAUSES_MAX = 2
};

/* ---------------------------------------------------------------------------------------------------- begin and end */

void dn_display_init(struct dn_display *d) {
        *d = (struct dn_display){.terminal = {.fd = -1, .lock = -1}, .helper = {.pipe = -1}};
}

void dn_display_open(struct dn_display *d, const struct dn_cli *cli, bool in_place) {
        bool silent = cli->quiet || cli->json;

        d->look = (struct dn_status_look){.utf8 = dn_utf8_locale(), .colour = dn_colour(STDERR_FILENO)};
        dn_meter_open(&d->meter, cli->o.flags & DENET_SINCE_PROCESS_START);
        if (silent || cli->show == DN_SHOW_NOTHING)
                return;
        if (cli->show == DN_SHOW_LINES) {
                d->state = DN_DISPLAY_LINES;
                d->look.colour = false; /* for those who read aloud, or keep them */
        }
        if (cli->show == DN_SHOW_LINES || cli->o.flags & DENET_NO_POLLING || !dn_escapes(STDERR_FILENO))
                return;
        if (dn_terminal_open(&d->terminal, in_place, d->look.colour) < 0)
                return;
        if (in_place || dn_helper_start(&d->helper, &d->terminal) == 0)
                d->state = DN_DISPLAY_WAITING;
}

void dn_display_begin(struct dn_display *d) {
        d->start_ms = d->look_ms = dn_clock_ms();
        /* A write from the background would stop our whole group, where the terminal is set so; the command, which has
         * its dispositions by now, is stopped by its own alone. */
        if (d->terminal.fd >= 0)
                signal(SIGTTOU, SIG_IGN);
}

static void tell_helper(struct dn_display *d, bool shown) {
        dn_helper_tell(&d->helper, shown);
}

void dn_display_leave(struct dn_display *d) {
        long long end_ms = dn_clock_ms() + LEAVE_MS;
        int r = -EAGAIN;

        if (d->terminal.fd < 0 || (d->terminal.kept_row == 0 && d->terminal.n_rest == 0))
                return;
        while (r == -EAGAIN && dn_clock_ms() < end_ms) {
                r = dn_terminal_release(&d->terminal);
                if (r == -EAGAIN)
                        dn_terminal_wait(&d->terminal, RETRY_MS);
        }
        if (r == 0)
                tell_helper(d, false);
        dn_text_reset(&d->shown);
}

void dn_display_close(struct dn_display *d) {
        d->state = DN_DISPLAY_OFF;
        dn_display_leave(d);
        dn_helper_end(&d->helper);
        dn_terminal_close(&d->terminal);
        dn_text_free(&d->text);
        dn_text_free(&d->shown);
}

/* ---------------------------------------------------------------------------------------------------------- states */

/* Somebody else may have the row now. */
static void give_up(struct dn_display *d) {
        d->state = DN_DISPLAY_OFF;
        dn_terminal_yield(&d->terminal);
}

static void wait_for_calm(struct dn_display *d, long long now_ms) {
        d->state = DN_DISPLAY_WAITING;
        d->calm_since_ms = 0;
        d->look_ms = now_ms + LOOK_MS;
        dn_text_reset(&d->shown);
}

/* A program that began late has drawn its first screen around the row: it is told to draw it again. */
static void left(struct dn_display *d, long long now_ms) {
        if (d->terminal.kept_row == 0)
                tell_helper(d, false);
        dn_terminal_tell_others(&d->terminal);
        d->unclean = true;
        d->pauses++;
        wait_for_calm(d, now_ms);
}

static void leave(struct dn_display *d, long long now_ms) {
        int r = dn_terminal_release(&d->terminal);

        if (r == -EAGAIN && now_ms < d->leave_until_ms)
                d->state = DN_DISPLAY_LEAVING;
        else
                left(d, now_ms);
}

static void clean(struct dn_display *d) {
        int r = dn_terminal_clean(&d->terminal);

        if (r == -EAGAIN)
                return;
        d->unclean = false;
        tell_helper(d, false);
        if (d->pauses >= PAUSES_MAX)
                give_up(d);
}

static bool make_text(struct dn_display *d, long long now_ms) {
        d->meter.now.elapsed_secs = (double)(now_ms - d->start_ms) / 1000;
        d->look.columns = d->columns;
        dn_text_reset(&d->text);
        dn_status_row_put(&d->row, &d->text, &d->meter.now, &d->meter.spark, &d->look);
        return !d->text.failed;
}

static void draw(struct dn_display *d, long long now_ms, bool appear) {
        struct dn_text drawn;
        int r;

        d->draw_ms = now_ms + DRAW_MS;
        if (!make_text(d, now_ms))
                return;
        if (!appear && dn_str_equal(dn_text_str(&d->text), dn_text_str(&d->shown)))
                return;
        if (appear)
                tell_helper(d, true);
        r = dn_terminal_draw(&d->terminal, dn_text_str(&d->text), d->rows, appear);
        if (r < 0 && r != -EAGAIN)
                give_up(d); /* the terminal is gone */
        if (r < 0)
                return;
        d->state = DN_DISPLAY_SHOWN;
        drawn = d->text;
        d->text = d->shown;
        d->shown = drawn;
}

static void tick_waiting(struct dn_display *d, long long now_ms) {
        if (now_ms < d->look_ms)
                return;
        d->look_ms = now_ms + LOOK_MS;
        if (!dn_terminal_calm(&d->terminal)) {
                d->calm_since_ms = 0;
                return;
        }
        if (d->unclean)
                clean(d);
        if (d->unclean || d->state == DN_DISPLAY_OFF)
                return;
        if (d->calm_since_ms == 0) {
                d->calm_since_ms = now_ms;
                d->appear_ms = now_ms + CALM_MS;
        }
        if (now_ms >= d->appear_ms && dn_terminal_size(&d->terminal, &d->rows, &d->columns) &&
            dn_terminal_claim(&d->terminal))
                draw(d, now_ms, true);
}

static void tick_shown(struct dn_display *d, long long now_ms) {
        int rows, columns;

        if (d->terminal.n_rest > 0 && dn_terminal_flush(&d->terminal) < 0)
                return;
        if (now_ms >= d->look_ms) {
                d->look_ms = now_ms + LOOK_MS;
                if (!dn_terminal_calm(&d->terminal)) {
                        d->leave_until_ms = now_ms + LEAVE_MS;
                        leave(d, now_ms);
                        return;
                }
        }
        if (now_ms < d->draw_ms)
                return;
        if (!dn_terminal_size(&d->terminal, &rows, &columns) || rows != d->rows || columns != d->columns)
                dn_display_resized(d, now_ms);
        else
                draw(d, now_ms, false);
}

void dn_display_tick(struct dn_display *d, long long now_ms) {
        if (d->state == DN_DISPLAY_WAITING)
                tick_waiting(d, now_ms);
        else if (d->state == DN_DISPLAY_SHOWN)
                tick_shown(d, now_ms);
        else if (d->state == DN_DISPLAY_LEAVING)
                leave(d, now_ms);
}

long long dn_display_due_ms(const struct dn_display *d) {
        long long next_ms = d->look_ms;

        switch (d->state) {
        case DN_DISPLAY_OFF:
        case DN_DISPLAY_LINES: return LLONG_MAX;
        case DN_DISPLAY_WAITING: return next_ms;
        default: break;
        }
        if (d->state == DN_DISPLAY_LEAVING || d->terminal.n_rest > 0)
                return dn_clock_ms() + RETRY_MS;
        return d->draw_ms < next_ms ? d->draw_ms : next_ms;
}

/* ---------------------------------------------------------------------------------------------------------- events */

void dn_display_resized(struct dn_display *d, long long now_ms) {
        if (d->state == DN_DISPLAY_SHOWN) {
                d->state = DN_DISPLAY_WAITING;
                d->look_ms = now_ms + LOOK_MS;
                d->unclean = true;
                d->row = (struct dn_status_row){0};
                dn_text_reset(&d->shown);
                clean(d);
        }
        if (d->appear_ms < now_ms + RESIZED_MS)
                d->appear_ms = now_ms + RESIZED_MS;
}

void dn_display_continued(struct dn_display *d, long long now_ms) {
        if (d->state != DN_DISPLAY_SHOWN && d->state != DN_DISPLAY_WAITING)
                return;
        d->unclean |= d->terminal.kept_row > 0; /* stopped by what cannot be caught */
        wait_for_calm(d, now_ms);
}

void dn_display_record(struct dn_display *d, const denet_record *record, const struct dn_report *report) {
        int kind = denet_record_kind(record);

        if (d->state == DN_DISPLAY_OFF || (kind != DENET_TREE && kind != DENET_SAMPLE) ||
            !dn_meter_add(&d->meter, record, report->t0_ms))
                return;
        d->meter.now.cores = (double)report->cores;
        d->meter.now.memory_limit = (double)report->memory_kb * 1024;
        if (d->state != DN_DISPLAY_LINES)
                return;
        d->look.columns = dn_columns(STDERR_FILENO);
        dn_text_reset(&d->text);
        dn_status_row_put(&d->row, &d->text, &d->meter.now, NULL, &d->look);
        dn_text_put_char(&d->text, '\n');
        dn_write_all(STDERR_FILENO, dn_text_str(&d->text));
}
