/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/progress.h"
#include "base/guard.h"
#include "cli/cli.h"
#include "cli/clock.h"
#include "cli/names.h"
#include "cli/quantity.h"

static const long long first_ms = 500, again_ms = 200;

void dn_progress_begin(struct dn_progress *p, const char *name, bool wanted) {
        *p = (struct dn_progress){.name = name, .began_ms = dn_clock_ms()};
        p->due_ms = p->began_ms + first_ms;
        /* In the background the line would land between somebody else's. */
        p->wanted = wanted && dn_escapes(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

/* "1.20 of 2.80 GiB": in the unit of the larger one. */
static void put_part(struct dn_text *text, double done, double total) {
        double divisor;

        (void)dn_bytes_unit(total, &divisor);
        if (divisor > 1)
                dn_put_three(text, done / divisor);
        else
                dn_text_printf(text, "%.0f", done);
        dn_text_put(text, DN_STR(" of "));
        dn_put_bytes(text, total);
}

/* "  43%  1.20 of 2.80 GiB  610 MiB/s  3 s left"; of a pipe how many lines came. */
static void put_figures(struct dn_text *text, const denet *d, double seconds) {
        uint64_t done, total;
        double rate, left;

        if (denet_progress(d, &done, &total) < 0 || done > total) {
                dn_text_put(text, DN_STR("  "));
                dn_put_count(text, (double)denet_line(d));
                dn_text_put(text, DN_STR(" lines"));
                return;
        }
        rate = (double)done / seconds;
        dn_text_printf(text, " %3.0f%%  ", 100.0 * (double)done / (double)total);
        put_part(text, (double)done, (double)total);
        dn_text_put(text, DN_STR("  "));
        dn_put_bytes(text, rate);
        dn_text_put(text, DN_STR("/s"));
        if (rate < 1)
                return;
        left = (double)(total - done) / rate;
        dn_text_put(text, DN_STR("  "));
        if (left < 99)
                dn_text_printf(text, "%.0f s", left + 0.5);
        else
                dn_put_seconds(text, left);
        dn_text_put(text, DN_STR(" left"));
}

/* The end of a name says most; a line that is wider than the terminal could not be rewritten. */
static void put_name(struct dn_text *text, struct dn_str name, size_t room) {
        if (name.n > room) {
                size_t kept = room > 3 ? room - 3 : 0;

                dn_text_put(text, DN_STR("..."));
                name = (struct dn_str){name.p + name.n - kept, kept};
        }
        dn_put_name(text, name);
}

static void blank(struct dn_text *text, int from, int to) {
        for (int i = from; i < to; i++)
                dn_text_put_char(text, ' ');
}

void dn_progress_show(struct dn_progress *p, const denet *d) {
        dn_autotext struct dn_text line = {0}, figures = {0};
        size_t head = strlen("reading "), width;
        long long now;

        if (!p->wanted)
                return;
        now = dn_clock_ms();
        if (now < p->due_ms)
                return;
        p->due_ms = now + again_ms;
        put_figures(&figures, d, (double)(now - p->began_ms) / 1000);
        width = (size_t)(dn_columns(STDERR_FILENO) > 0 ? dn_columns(STDERR_FILENO) : 80) - 1;
        if (head + figures.n + 4 > width)
                return;
        dn_text_put(&line, DN_STR("\rreading "));
        put_name(&line, dn_str_of(p->name), width - head - figures.n);
        dn_text_put_text(&line, &figures);
        head = line.n - 1;
        blank(&line, (int)head, p->shown);
        p->shown = (int)head;
        dn_write_all(STDERR_FILENO, dn_text_str(&line));
}

void dn_progress_clear(struct dn_progress *p) {
        dn_autotext struct dn_text line = {0};

        if (p->shown == 0)
                return;
        dn_text_put_char(&line, '\r');
        blank(&line, 0, p->shown);
        dn_text_put_char(&line, '\r');
        p->shown = 0;
        dn_write_all(STDERR_FILENO, dn_text_str(&line));
}
