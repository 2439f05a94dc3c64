/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "cli/closing_parts.h"
#include "cli/names.h"
#include "cli/quantity.h"

/* A program is named if it is among the first five, or of the next five and used a hundredth. */
enum { NAMED = 5, NAMED_MAX = 10, LEAST_LINES = 3 };
static const double named_share = 0.01, least_share = 0.005;

struct table {
        struct dn_text *text;
        const struct dn_closing *how;
        const struct dn_closing_numbers *n;
        double total_secs;
};

/* Right-aligned in a column of its own. */
static void put_cell(struct dn_text *text, int width, void (*put)(struct dn_text *, double), double value) {
        dn_autotext struct dn_text cell = {0};

        put(&cell, value);
        for (int i = (int)cell.n; i < width; i++)
                dn_text_put_char(text, ' ');
        dn_text_put_text(text, &cell);
}

static void put_share(struct dn_text *text, double share) {
        dn_text_printf(text, share >= 0.0005 && share < 0.00995 ? "%.1f%%" : "%.0f%%", share * 100);
}

/* An amount that is made of two readings may come out a little below nothing. */
static double positive(double value) {
        return value > 0 ? value : 0;
}

/* Of those whom no sample met nobody knows more than the time. */
static void put_unknown(struct dn_text *text, int width) {
        dn_text_printf(text, "%*s", width, "");
}

static void put_use(const struct table *t, const struct dn_group *g) {
        put_cell(t->text, 10, dn_put_bytes, g->peak_kb * 1024);
        put_cell(t->text, 10, dn_put_bytes, g->sum[DN_SUM_READ]);
        put_cell(t->text, 10, dn_put_bytes, g->sum[DN_SUM_WRITTEN]);
        if (dn_closing_wide(t->how)) {
                put_cell(t->text, 11, dn_put_bytes, g->sum[DN_SUM_FROM_DISK]);
                put_cell(t->text, 10, dn_put_bytes, g->sum[DN_SUM_TO_DISK]);
                put_cell(t->text, 9, dn_put_count, g->threads);
                put_cell(t->text, 8, dn_put_count, g->sum[DN_SUM_FAULTS_CACHED] + g->sum[DN_SUM_FAULTS_DISK]);
        }
        put_cell(t->text, 6, dn_put_count, (double)g->runs);
}

/* On a terminal what is left of the line, and no less than says something. */
static void put_command(const struct table *t, struct dn_str name, size_t used) {
        enum { LEAST = 20 };
        int room = t->how->columns - 1 - (int)used;

        if (t->how->terminal && t->how->columns > 0)
                dn_put_cut_name(t->text, name, (size_t)(room > LEAST ? room : LEAST), t->how->utf8);
        else
                dn_put_name(t->text, name);
}

static void put_row(const struct table *t, const struct dn_group *g, const char *name) {
        bool wide = dn_closing_wide(t->how);
        size_t from = t->text->n;

        /* Files of older releases have no CPU seconds. */
        if (t->total_secs > 0) {
                put_cell(t->text, 11, dn_put_seconds, g->cpu_secs);
                put_cell(t->text, 7, put_share, g->cpu_secs / t->total_secs);
        } else
                dn_text_put(t->text, DN_STR("          -      -"));
        if (wide) {
                put_cell(t->text, 13, dn_put_seconds, g->sum[DN_SUM_USER]);
                put_cell(t->text, 13, dn_put_seconds, g->sum[DN_SUM_SYSTEM]);
        }
        if (g->runs == 0)
                put_unknown(t->text, wide ? 74 : 36);
        else
                put_use(t, g);
        dn_text_put(t->text, DN_STR("  "));
        put_command(t, dn_str_of(wide && g->command ? g->command : name), t->text->n - from);
        dn_text_put_char(t->text, '\n');
}

static void put_head(const struct table *t) {
        dn_closing_style(t->text, t->how, DN_DIM);
        dn_text_put(t->text, DN_STR("   CPU time  share"));
        if (dn_closing_wide(t->how))
                dn_text_put(t->text, DN_STR("         user       system"));
        dn_text_put(t->text, DN_STR("  peak mem      read   written"));
        if (dn_closing_wide(t->how))
                dn_text_put(t->text, DN_STR("  from disk   to disk  threads  faults"));
        dn_text_put(t->text, DN_STR("  runs  command"));
        dn_closing_style(t->text, t->how, DN_PLAIN);
        dn_text_put_char(t->text, '\n');
}

static void add(struct dn_group *sum, const struct dn_group *g) {
        sum->runs += g->runs;
        sum->cpu_secs += g->cpu_secs;
        sum->peak_kb = g->peak_kb > sum->peak_kb ? g->peak_kb : sum->peak_kb;
        sum->threads = g->threads > sum->threads ? g->threads : sum->threads;
        for (int i = 0; i < DN_SUMS; i++)
                sum->sum[i] += g->sum[i];
}

/* How many commands have a row with their name. */
static size_t choose(const struct table *t, const struct dn_groups *g, int room) {
        size_t most = (size_t)room - 2, n = NAMED;

        while (n < NAMED_MAX && n < g->n && g->list[n].cpu_secs >= named_share * t->total_secs)
                n++;
        if (n + 1 >= g->n)
                n = g->n; /* the row of one other as well names it */
        return n < most ? n : most;
}

/* Some record had a process in it: with --children none there is nothing to say of any. */
static bool is_known(const struct dn_groups *g) {
        for (size_t i = 0; i < g->n; i++)
                if (g->list[i].runs > 0)
                        return true;
        return false;
}

void dn_closing_put_table(struct dn_text *text, struct dn_report *r, const struct dn_closing_numbers *n,
                          const struct dn_closing *how, int room) {
        const struct table t = {text, how, n, n->user + n->system};
        const struct dn_groups *g = &r->costliest.groups;
        struct dn_group named = {0}, others = {0};
        size_t shown;

        if (g->n < 2 || room < LEAST_LINES || !is_known(g))
                return;
        shown = choose(&t, g, room);
        put_head(&t);
        for (size_t i = 0; i < g->n; i++) {
                add(i < shown ? &named : &others, &g->list[i]);
                if (i < shown)
                        put_row(&t, &g->list[i], g->list[i].label);
        }
        /* Also what lived between two samples: it is in the total, and nobody's by name. */
        others.cpu_secs = positive(t.total_secs - named.cpu_secs);
        others.sum[DN_SUM_USER] = positive(n->user - named.sum[DN_SUM_USER]);
        others.sum[DN_SUM_SYSTEM] = positive(n->system - named.sum[DN_SUM_SYSTEM]);
        if (others.runs > 0 || others.cpu_secs > least_share * t.total_secs)
                put_row(&t, &others, "others");
}
