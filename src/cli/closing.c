/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/closing.h"
#include "base/guard.h"
#include "base/utf8.h"
#include "cli/quantity.h"

#include <errno.h>
#include <signal.h>

/* What the lines are made of, looked up once. */
struct numbers {
        double time, cores, peak_cores, user, system, peak_kb, peak_at, processes, threads, samples;
        double read, written, disk_read, disk_written, net_in, net_out;
        bool has_cpu, has_memory, has_io, has_disk, has_net;
};

static const char bold[] = "\033[1m", dim[] = "\033[2m", red[] = "\033[31m", yellow[] = "\033[33m";

static void style(struct dn_text *text, const struct dn_closing *how, const char *sgr) {
        if (how->colour)
                dn_text_put(text, dn_str_of(sgr));
}

static void plain(struct dn_text *text, const struct dn_closing *how) {
        style(text, how, "\033[0m");
}

void dn_closing_put_name(struct dn_text *text, struct dn_str name) {
        while (name.n > 0) {
                unsigned char c = (unsigned char)name.p[0];
                size_t n = dn_utf8_length(name);
                /* C1 controls are C2 80 to C2 9F; marks that turn the direction of text are E2 80 8E to 8F, E2 80 AA to
                 * AE, E2 81 A6 to A9. */
                bool control =
                        c < 0x20 || c == 0x7f || n == 0 || (n == 2 && c == 0xc2 && (unsigned char)name.p[1] < 0xa0);

                if (n == 3 && c == 0xe2) {
                        unsigned char d = (unsigned char)name.p[1], e = (unsigned char)name.p[2];

                        control |= d == 0x80 && (e == 0x8e || e == 0x8f || (e >= 0xaa && e <= 0xae));
                        control |= d == 0x81 && e >= 0xa6 && e <= 0xa9;
                }
                n = n ? n : 1;
                dn_text_put(text, control ? DN_STR("?") : (struct dn_str){name.p, n});
                name.p += n;
                name.n -= n;
        }
}

static bool get(const struct dn_report *r, const char *name, double *value) {
        *value = 0;
        return dn_report_number(r, name, value);
}

static void look_up(const struct dn_report *r, struct numbers *n) {
        double cpu;

        get(r, "total_time_secs", &n->time);
        n->has_cpu = get(r, "cpu_user_secs", &n->user);
        n->has_cpu &= get(r, "cpu_system_secs", &n->system);
        get(r, "avg_cpu_usage", &cpu);
        n->cores = n->has_cpu && n->time > 0 ? (n->user + n->system) / n->time : cpu / 100;
        get(r, "peak_cpu_usage", &cpu);
        n->peak_cores = cpu / 100;
        n->has_memory = get(r, "peak_mem_rss_kb", &n->peak_kb);
        get(r, "peak_mem_at_secs", &n->peak_at);
        n->has_io = get(r, "total_syscall_read_bytes", &n->read);
        n->has_io &= get(r, "total_syscall_write_bytes", &n->written);
        n->has_disk = get(r, "total_disk_read_bytes", &n->disk_read);
        n->has_disk &= get(r, "total_disk_write_bytes", &n->disk_written);
        n->has_net = get(r, "total_sys_net_rx_bytes", &n->net_in);
        n->has_net &= get(r, "total_sys_net_tx_bytes", &n->net_out);
        get(r, "max_processes", &n->processes);
        get(r, "max_threads", &n->threads);
        get(r, "sample_count", &n->samples);
}

static void put_signal(struct dn_text *text, int number) {
        const char *name = sigabbrev_np(number);

        dn_text_printf(text, name ? "killed by signal %d (%s)" : "killed by signal %d", number, name);
}

static void put_headline(struct dn_text *text, const struct dn_report *r, const struct numbers *n,
                         const struct dn_closing *how) {
        bool bad = how->time_limit || r->signal > 0 || r->exit_code > 0;

        dn_text_put(text, DN_STR("denet: "));
        style(text, how, bad ? red : "");
        if (how->time_limit)
                dn_text_put(text, DN_STR("time limit"));
        else if (r->signal > 0)
                put_signal(text, (int)r->signal);
        else if (r->exit_code >= 0)
                dn_text_printf(text, "exit %lld", (long long)r->exit_code);
        else
                dn_text_put(text, how->interrupted ? DN_STR("interrupted")
                                  : r->ended       ? DN_STR("watched")
                                                   : DN_STR("no end was recorded"));
        if (bad)
                plain(text, how);
        dn_text_put(text, how->time_limit                                                       ? DN_STR(" ")
                          : r->exit_code < 0 && r->signal <= 0 && r->ended && !how->interrupted ? DN_STR(" for ")
                                                                                                : DN_STR(" after "));
        style(text, how, bold);
        dn_put_seconds(text, n->time);
        plain(text, how);
        dn_text_put(text, how->time_limit ? DN_STR(", exit 124\n\n") : DN_STR("\n\n"));
}

static void put_cpu(struct dn_text *text, const struct dn_report *r, const struct numbers *n,
                    const struct dn_closing *how) {
        dn_text_put(text, DN_STR("cpu       "));
        style(text, how, bold);
        dn_put_cores(text, n->cores);
        dn_text_put(text, DN_STR(" cores"));
        plain(text, how);
        dn_text_put(text, DN_STR(" on average"));
        if (n->samples > 1) {
                dn_text_put(text, DN_STR(", peak "));
                dn_put_cores(text, n->peak_cores);
                if (r->cores > 0)
                        dn_text_printf(text, " of %lld", (long long)r->cores);
        }
        if (n->has_cpu) {
                dn_text_put(text, n->samples > 1 ? DN_STR("\n          ") : DN_STR("; "));
                dn_put_seconds(text, n->user);
                dn_text_put(text, DN_STR(" user, "));
                dn_put_seconds(text, n->system);
                dn_text_put(text, DN_STR(" system"));
        }
        dn_text_put_char(text, '\n');
}

static void put_memory(struct dn_text *text, const struct dn_report *r, const struct numbers *n,
                       const struct dn_closing *how) {
        double share = r->memory_kb > 0 ? n->peak_kb / (double)r->memory_kb : 0;

        dn_text_put(text, DN_STR("memory    "));
        style(text, how, bold);
        style(text, how, share >= 0.9 ? yellow : "");
        dn_put_bytes(text, n->peak_kb * 1024);
        plain(text, how);
        dn_text_put(text, DN_STR(" peak"));
        if (n->samples > 1 && n->time >= 1 && n->peak_at > 0) {
                dn_text_put(text, DN_STR(" at "));
                dn_put_seconds(text, n->peak_at);
        }
        if (share >= 0.01) {
                dn_text_printf(text, ", %.0f%% of ", share * 100);
                dn_put_bytes(text, (double)r->memory_kb * 1024);
        }
        dn_text_put_char(text, '\n');
}

static void put_pair(struct dn_text *text, double a, const char *a_word, double b, const char *b_word) {
        dn_put_bytes(text, a);
        dn_text_printf(text, " %s", a_word);
        if (b >= 1) {
                dn_text_put(text, DN_STR(", "));
                dn_put_bytes(text, b);
                dn_text_printf(text, " %s", b_word);
        }
}

static void put_io(struct dn_text *text, const struct numbers *n) {
        if (n->read + n->written + n->disk_read + n->disk_written < 1)
                return;
        dn_text_put(text, DN_STR("i/o       "));
        put_pair(text, n->read, "read", n->disk_read, "from disk");
        dn_text_put(text, DN_STR("; "));
        put_pair(text, n->written, "written", n->disk_written, "to disk");
        dn_text_put_char(text, '\n');
}

static void put_network(struct dn_text *text, const struct numbers *n) {
        if (n->net_in + n->net_out < 1)
                return;
        dn_text_put(text, DN_STR("network   "));
        dn_put_bytes(text, n->net_in);
        dn_text_put(text, DN_STR(" in, "));
        dn_put_bytes(text, n->net_out);
        dn_text_put(text, DN_STR(" out (whole machine)\n"));
}

static void put_tasks(struct dn_text *text, const struct dn_report *r, const struct numbers *n) {
        if ((r->processes_seen <= 1 && n->processes <= 1) || n->samples < 1)
                return;
        dn_text_put(text, DN_STR("tasks     "));
        if (r->processes_seen > 0)
                dn_text_printf(text, r->processes_seen > 1 ? "at least %lld processes, " : "%lld process, ",
                               (long long)r->processes_seen); /* those between two samples are nobody's to count */
        dn_text_printf(text, "%.0f at once; %.0f threads at once\n", n->processes, n->threads);
}

/* One a line, in yellow; what was lost is red. */
static void put_note(struct dn_text *text, const struct dn_closing *how, const char *sgr, struct dn_str note) {
        dn_text_put(text, DN_STR("note      "));
        style(text, how, sgr);
        dn_closing_put_name(text, note);
        plain(text, how);
        dn_text_put_char(text, '\n');
}

static void put_notes(struct dn_text *text, const struct dn_report *r, const struct dn_closing *how) {
        dn_autotext struct dn_text note = {0};

        if (r->still_running > 0) {
                dn_text_printf(&note, "%lld of its processes still ran at the end", (long long)r->still_running);
                put_note(text, how, yellow, dn_text_str(&note));
        }
        if (r->lower_bound.n > 0) {
                dn_text_reset(&note);
                dn_text_put(&note, DN_STR("the totals are the least it can be: "));
                dn_text_put(&note, dn_text_str(&r->lower_bound));
                put_note(text, how, yellow, dn_text_str(&note));
        }
        if (r->oom_kills > 0) {
                dn_text_reset(&note);
                dn_text_printf(&note, "killed for memory: %.0f process%s of the cgroup", r->oom_kills,
                               r->oom_kills == 1 ? "" : "es");
                put_note(text, how, red, dn_text_str(&note));
        }
        if (r->throttled_secs > 0) {
                dn_text_reset(&note);
                dn_text_put(&note, DN_STR("the cgroup held the cores back for "));
                dn_put_seconds(&note, r->throttled_secs);
                put_note(text, how, yellow, dn_text_str(&note));
        }
        if (r->lost_records > 0) {
                dn_text_reset(&note);
                dn_text_printf(&note, "%lld records lost", (long long)r->lost_records);
                if (how->lost_error)
                        dn_text_printf(&note, ": %s",
                                       how->lost_error == ENOSPC ? "disk full" : strerror(how->lost_error));
                put_note(text, how, red, dn_text_str(&note));
        }
        if (r->broken > 0) {
                dn_text_reset(&note);
                dn_text_printf(&note, "%llu lines were no records, and were left out", (unsigned long long)r->broken);
                put_note(text, how, yellow, dn_text_str(&note));
        }
}

static void put_missing(struct dn_text *text, const struct dn_report *r) {
        if (r->missing.n == 0)
                return;
        dn_text_put(text, DN_STR("missing   "));
        dn_closing_put_name(text, dn_text_str(&r->missing));
        dn_text_put(text, DN_STR(". More: denet doctor\n"));
}

static void put_records(struct dn_text *text, const struct numbers *n, const struct dn_closing *how) {
        if (!how->records)
                return;
        dn_text_put(text, DN_STR("records   "));
        dn_closing_put_name(text, dn_str_of(how->records));
        dn_text_printf(text, ", %.0f sample%s", n->samples, n->samples == 1 ? "" : "s");
        if (how->records_bytes >= 0) {
                dn_text_put(text, DN_STR(", "));
                dn_put_bytes(text, (double)how->records_bytes);
        }
        dn_text_put_char(text, '\n');
}

/* Right-aligned in a column of its own. */
static void put_cell(struct dn_text *text, int width, void (*put)(struct dn_text *, double), double value) {
        dn_autotext struct dn_text cell = {0};

        put(&cell, value);
        for (int i = (int)cell.n; i < width; i++)
                dn_text_put_char(text, ' ');
        dn_text_put(text, dn_text_str(&cell));
}

static void put_share(struct dn_text *text, double share) {
        dn_text_printf(text, share < 0.995 && share > 0 && share < 0.01 ? "%.1f%%" : "%.0f%%", share * 100);
}

static void put_row(struct dn_text *text, const struct dn_group *g, double total_cpu, const char *name,
                    const struct dn_closing *how) {
        size_t from;

        /* Files of older releases have no CPU seconds. */
        if (total_cpu > 0) {
                put_cell(text, 12, dn_put_seconds, g->cpu_secs);
                put_cell(text, 7, put_share, g->cpu_secs / total_cpu);
        } else
                dn_text_put(text, DN_STR("           -      -"));
        put_cell(text, 10, dn_put_bytes, g->peak_kb * 1024);
        put_cell(text, 10, dn_put_bytes, g->read_bytes);
        put_cell(text, 10, dn_put_bytes, g->written_bytes);
        if (g->runs)
                dn_text_printf(text, "%6llu  ", (unsigned long long)g->runs);
        else
                dn_text_put(text, DN_STR("        ")); /* nobody saw how many */
        from = text->n;
        dn_closing_put_name(text, dn_str_of(name));
        if (how->terminal && text->n - from > (size_t)(how->columns > 60 ? how->columns - 58 : 20)) {
                text->n = from + (size_t)(how->columns > 60 ? how->columns - 61 : 17);
                dn_text_put(text, DN_STR("..."));
        }
        dn_text_put_char(text, '\n');
}

/* The table: at most `room` lines, the head and `others` among them. */
static void put_table(struct dn_text *text, struct dn_report *r, const struct numbers *n, const struct dn_closing *how,
                      int room) {
        const struct dn_costliest *c = &r->costliest;
        struct dn_group others = {0};
        double total = n->user + n->system, listed = 0;
        size_t shown, rows = room > 12 ? 10 : room > 3 ? (size_t)room - 2 : 0;

        dn_costliest_finish(&r->costliest);
        if (c->n_groups < 2 || rows == 0)
                return;
        dn_text_put_char(text, '\n');
        style(text, how, dim);
        dn_text_put(text, DN_STR("    CPU time  share  peak mem      read   written  runs  command"));
        plain(text, how);
        dn_text_put_char(text, '\n');
        shown = c->n_groups <= rows ? c->n_groups : rows - 1;
        for (size_t i = 0; i < c->n_groups; i++) {
                const struct dn_group *g = &c->groups[i];

                if (i < shown) {
                        put_row(text, g, total, g->label, how);
                        listed += g->cpu_secs;
                        continue;
                }
                others.runs += g->runs;
                others.read_bytes += g->read_bytes;
                others.written_bytes += g->written_bytes;
                others.peak_kb = g->peak_kb > others.peak_kb ? g->peak_kb : others.peak_kb;
        }
        /* Also what lived between two samples: it is in the total, and nobody's by name. */
        others.cpu_secs = total - listed > 0 ? total - listed : 0;
        if (others.runs > 0 || others.cpu_secs >= 0.01)
                put_row(text, &others, total, "others", how);
}

static int count_lines(struct dn_str text) {
        int n = 0;

        for (size_t i = 0; i < text.n; i++)
                n += text.p[i] == '\n';
        return n;
}

void dn_closing_write(struct dn_text *text, struct dn_report *r, const struct dn_closing *how) {
        struct numbers n = {0};

        look_up(r, &n);
        put_headline(text, r, &n, how);
        if (n.has_cpu || n.samples > 0)
                put_cpu(text, r, &n, how);
        if (n.has_memory)
                put_memory(text, r, &n, how);
        if (n.has_io || n.has_disk)
                put_io(text, &n);
        if (n.has_net)
                put_network(text, &n);
        put_tasks(text, r, &n);
        put_notes(text, r, how);
        put_missing(text, r);
        put_records(text, &n, how);
        put_table(text, r, &n, how, how->rows > 0 ? how->rows - 2 - count_lines(dn_text_str(text)) : 100);
}
