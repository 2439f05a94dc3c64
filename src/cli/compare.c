/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/compare.h"
#include "base/guard.h"
#include "cli/names.h"
#include "cli/quantity.h"

#include <math.h>

/* A figure of a run; -1: not known. */
struct figure {
        const char *label;
        double (*of)(const struct dn_report *r);
        void (*put)(struct dn_text *text, double value);
        bool less_is_better; /* else neither is */
};

enum { LABEL = 15, GAP = 2, CHANGE = 9 };

static double number(const struct dn_report *r, const char *name) {
        double value;

        return dn_report_number(r, name, &value) ? value : -1;
}

static double time_of(const struct dn_report *r) {
        return number(r, "total_time_secs");
}

static double user_of(const struct dn_report *r) {
        return number(r, "cpu_user_secs");
}

static double system_of(const struct dn_report *r) {
        return number(r, "cpu_system_secs");
}

/* As the summary of one run has it. */
static double cores_of(const struct dn_report *r) {
        double user = user_of(r), system = system_of(r), seconds = time_of(r), percent = number(r, "avg_cpu_usage");

        if (user >= 0 && system >= 0 && seconds > 0)
                return (user + system) / seconds;
        return percent < 0 ? -1 : percent / 100;
}

static double memory_of(const struct dn_report *r) {
        double kb = number(r, "peak_mem_rss_kb");

        return kb < 0 ? -1 : kb * 1024;
}

static double read_of(const struct dn_report *r) {
        return number(r, "total_syscall_read_bytes");
}

static double written_of(const struct dn_report *r) {
        return number(r, "total_syscall_write_bytes");
}

static double from_disk_of(const struct dn_report *r) {
        return number(r, "total_disk_read_bytes");
}

static double to_disk_of(const struct dn_report *r) {
        return number(r, "total_disk_write_bytes");
}

static double cycle_of(const struct dn_report *r) {
        return number(r, "memory_characterization.mean_ipc");
}

static double energy_of(const struct dn_report *r) {
        return number(r, "energy.process_joules");
}

static const struct figure figures[] = {
        {"time", time_of, dn_put_seconds, true},         {"cpu user", user_of, dn_put_seconds, true},
        {"cpu system", system_of, dn_put_seconds, true}, {"cores, average", cores_of, dn_put_cores, false},
        {"memory peak", memory_of, dn_put_bytes, true},  {"read", read_of, dn_put_bytes, true},
        {"written", written_of, dn_put_bytes, true},     {"from disk", from_disk_of, dn_put_bytes, true},
        {"to disk", to_disk_of, dn_put_bytes, true},     {"instr. a cycle", cycle_of, dn_put_three, false},
        {"energy", energy_of, dn_put_joules, true},
};

static void pad(struct dn_text *text, int n) {
        for (; n > 0; n--)
                dn_text_put_char(text, ' ');
}

/* Right-aligned; `style` around it alone. */
static void put_right(struct dn_text *text, int width, struct dn_str cell, const char *style) {
        pad(text, width - (int)cell.n);
        dn_text_put(text, dn_str_of(style));
        dn_text_put(text, cell);
        if (*style)
                dn_text_put(text, DN_STR("\033[0m"));
}

static void put_value(struct dn_text *cell, const struct figure *f, double value) {
        if (value < 0)
                dn_text_put(cell, DN_STR("not known"));
        else
                f->put(cell, value);
}

/* From the first to the second, as a share of the first; NAN where that says nothing. */
static double change(double before, double after) {
        return before > 0 && after >= 0 ? (after - before) / before : NAN;
}

static void put_change(struct dn_text *cell, double before, double after) {
        double share = change(before, after);

        if (before < 0 || after < 0)
                return;
        if (before == after || fabs(share) < 0.0005)
                dn_text_put_char(cell, '=');
        else if (isnan(share))
                dn_text_put(cell, DN_STR("new"));
        else if (share < 9.995)
                dn_text_printf(cell, "%+.1f%%", share * 100);
        else {
                dn_text_put_char(cell, 'x');
                dn_put_count(cell, share + 1);
        }
}

static const char *style_of(const struct figure *f, double share, bool colour) {
        if (!colour || !f->less_is_better || !(fabs(share) >= 0.05))
                return "";
        return share > 0 ? "\033[31m" : "\033[32m";
}

/* The end of a long name says most; on a terminal it is cut to what there is room for. */
static void put_name(struct dn_text *text, struct dn_str name, int room) {
        if (room > 3 && name.n > (size_t)room) {
                dn_text_put(text, DN_STR("..."));
                name = (struct dn_str){name.p + name.n - (size_t)room + 3, (size_t)room - 3};
        }
        dn_put_name(text, name);
}

static int larger(int a, size_t b) {
        return b > (size_t)a ? (int)b : a;
}

static void put_row(struct dn_text *text, const struct figure *f, const double values[2], const int widths[2],
                    bool colour) {
        dn_autotext struct dn_text changed = {0};

        dn_text_put(text, dn_str_of(f->label));
        pad(text, LABEL - (int)strlen(f->label));
        for (int i = 0; i < 2; i++) {
                dn_autotext struct dn_text cell = {0};

                put_value(&cell, f, values[i]);
                put_right(text, GAP + widths[i], dn_text_str(&cell), "");
                text->failed |= cell.failed;
        }
        put_change(&changed, values[0], values[1]);
        text->failed |= changed.failed;
        if (changed.n > 0)
                put_right(text, CHANGE, dn_text_str(&changed), style_of(f, change(values[0], values[1]), colour));
        dn_text_put_char(text, '\n');
}

static void put_rows(struct dn_text *text, const struct dn_compared runs[2], const int widths[2], bool colour) {
        for (size_t i = 0; i < DN_COUNT(figures); i++) {
                double values[2] = {figures[i].of(runs[0].report), figures[i].of(runs[1].report)};

                if (values[0] > 0 || values[1] > 0) /* else it has nothing to say */
                        put_row(text, &figures[i], values, widths, colour);
        }
}

/* ------------------------------------------------------------------------------------------- the command behind it */

static const struct dn_group *group_named(const struct dn_report *r, const char *label) {
        return dn_groups_find(&r->costliest.groups, label);
}

static double cpu_change(const struct dn_report *other, const struct dn_group *g) {
        const struct dn_group *there = group_named(other, g->label);

        return fabs(g->cpu_secs - (there ? there->cpu_secs : 0));
}

/* The group whose CPU time differs most, in either run. */
static const char *most_changed(const struct dn_compared runs[2]) {
        const char *label = NULL;
        double most = 0;

        for (int i = 0; i < 2; i++)
                for (size_t j = 0; j < runs[i].report->costliest.groups.n; j++) {
                        const struct dn_group *g = &runs[i].report->costliest.groups.list[j];
                        double difference = cpu_change(runs[1 - i].report, g);

                        if (difference > most) {
                                most = difference;
                                label = g->label;
                        }
                }
        return label;
}

static void put_memory_change(struct dn_text *text, double difference_kb) {
        if (fabs(difference_kb) < 1024)
                return;
        dn_text_put(text, difference_kb > 0 ? DN_STR(", +") : DN_STR(", -"));
        dn_put_bytes(text, fabs(difference_kb) * 1024);
}

/* most changed: samtools sort, CPU 21 min 47 s to 12 min 10 s, +4.10 GiB */
static void put_most_changed(struct dn_text *text, const struct dn_compared runs[2]) {
        const struct dn_group *before, *after;
        const char *label;

        if (runs[0].report->costliest.groups.n < 2 && runs[1].report->costliest.groups.n < 2)
                return;
        label = most_changed(runs);
        before = label ? group_named(runs[0].report, label) : NULL;
        after = label ? group_named(runs[1].report, label) : NULL;
        if (!before && !after)
                return;
        dn_text_put(text, DN_STR("most changed: "));
        dn_put_name(text, dn_str_of(label));
        if (before && after) {
                dn_text_put(text, DN_STR(", CPU "));
                dn_put_seconds(text, before->cpu_secs);
                dn_text_put(text, DN_STR(" to "));
                dn_put_seconds(text, after->cpu_secs);
                put_memory_change(text, after->peak_kb - before->peak_kb);
        } else {
                dn_text_put(text, DN_STR(", only in "));
                dn_put_name(text, dn_str_of(runs[after ? 1 : 0].name));
                dn_text_put(text, DN_STR(", CPU "));
                dn_put_seconds(text, (after ? after : before)->cpu_secs);
        }
        dn_text_put_char(text, '\n');
}

/* As wide as its widest value and its name, as far as the terminal allows that. */
static int width_of(const struct dn_compared *run, int columns) {
        int room = columns ? (columns - LABEL - 2 * GAP - CHANGE) / 2 : 0, width = 0;

        for (size_t i = 0; i < DN_COUNT(figures); i++) {
                dn_autotext struct dn_text cell = {0};

                put_value(&cell, &figures[i], figures[i].of(run->report));
                width = larger(width, cell.n);
        }
        if (room > 0 && strlen(run->name) > (size_t)room)
                return larger(width, (size_t)room);
        return larger(width, strlen(run->name));
}

void dn_compare_write(struct dn_text *text, const struct dn_compared runs[2], bool colour, int columns) {
        int widths[2] = {width_of(&runs[0], columns), width_of(&runs[1], columns)};
        const char *dim = colour ? "\033[2m" : "", *plain = colour ? "\033[0m" : "";

        dn_costliest_finish(&runs[0].report->costliest);
        dn_costliest_finish(&runs[1].report->costliest);
        dn_text_put(text, dn_str_of(dim));
        pad(text, LABEL);
        for (int i = 0; i < 2; i++) {
                dn_autotext struct dn_text name = {0};

                put_name(&name, dn_str_of(runs[i].name), columns ? widths[i] : 0);
                put_right(text, GAP + widths[i], dn_text_str(&name), "");
                text->failed |= name.failed;
        }
        put_right(text, CHANGE, DN_STR("change"), "");
        dn_text_put(text, dn_str_of(plain));
        dn_text_put_char(text, '\n');
        put_rows(text, runs, widths, colour);
        put_most_changed(text, runs);
        text->failed |= dn_report_failed(runs[0].report) || dn_report_failed(runs[1].report);
}
