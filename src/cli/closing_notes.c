/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "cli/closing_parts.h"
#include "cli/names.h"
#include "cli/quantity.h"

#include <errno.h>

enum { WIDTH = 80 };

/* One a line; yellow, but red where something was lost. Empties it. */
static void put_note(struct dn_text *text, const struct dn_closing *how, const char *sgr, struct dn_text *note) {
        dn_text_put(text, DN_STR("note      "));
        dn_closing_style(text, how, sgr);
        dn_put_name(text, dn_text_str(note));
        text->failed |= note->failed;
        dn_closing_style(text, how, DN_PLAIN);
        dn_text_put_char(text, '\n');
        dn_text_reset(note);
}

/* killed for memory: samtools sort at 9 min 52 s */
static void put_killed(struct dn_text *text, const struct dn_report *r, const struct dn_closing *how) {
        const struct dn_costliest *c = &r->costliest;
        dn_autotext struct dn_text note = {0};

        if (c->oom_kills == 1 && c->victim)
                dn_text_printf(&note, "killed for memory: %s at ", c->victim);
        else
                dn_text_printf(&note, "killed for memory: %.0f process%s%s", r->oom_kills,
                               r->oom_kills == 1 ? "" : "es",
                               c->oom_kills == 1  ? " at "
                               : c->oom_kills > 1 ? ", the last at "
                                                  : "");
        if (c->oom_kills > 0)
                dn_put_seconds(&note, (double)(c->oom_ms - r->t0_ms) / 1000);
        put_note(text, how, DN_RED, &note);
}

static bool is_near(const struct dn_near *near) {
        return near->limit > 0 && near->used >= near->limit * 9 / 10;
}

/* memory came to 97% of the cgroup's limit of 2.00 GiB */
static void put_near_memory(struct dn_text *text, const struct dn_near *near, const struct dn_closing *how) {
        dn_autotext struct dn_text note = {0};

        if (!is_near(near))
                return;
        dn_text_printf(&note, "memory came to %.0f%% of the %s ", near->used / near->limit * 100,
                       near->above ? "limit of a cgroup above," : "cgroup's limit of");
        dn_put_bytes(&note, near->limit * 1024);
        put_note(text, how, DN_YELLOW, &note);
}

/* 95 processes and threads, of 100 that the cgroup may have */
static void put_pids_notes(struct dn_text *text, const struct dn_report *r, const struct dn_closing *how) {
        const char *whose = r->pids.above ? "a cgroup above" : "the cgroup";
        dn_autotext struct dn_text note = {0};

        if (r->refused > 0) {
                dn_text_printf(&note, "%.0f process%s or thread%s could not be started", r->refused,
                               r->refused == 1 ? "" : "es", r->refused == 1 ? "" : "s");
                if (r->pids.limit > 0)
                        dn_text_printf(&note, ": %s may have %.0f", whose, r->pids.limit);
                put_note(text, how, DN_RED, &note);
        } else if (is_near(&r->pids)) {
                dn_text_printf(&note, "%.0f processes and threads, of %.0f that %s may have", r->pids.used,
                               r->pids.limit, whose);
                put_note(text, how, DN_YELLOW, &note);
        }
}

static void put_memory_notes(struct dn_text *text, const struct dn_report *r, const struct dn_closing *how) {
        dn_autotext struct dn_text note = {0};

        if (r->oom_kills > 0)
                put_killed(text, r, how);
        put_near_memory(text, &r->memory, how);
        if (r->costliest.swap_kb > 0) {
                dn_put_bytes(&note, (double)r->costliest.swap_kb * 1024);
                dn_text_put(&note, DN_STR(" swapped"));
                put_note(text, how, DN_YELLOW, &note);
        }
        if (r->throttled_secs > 0) {
                dn_text_put(&note, DN_STR("the cgroup held the cores back for "));
                dn_put_seconds(&note, r->throttled_secs);
                put_note(text, how, DN_YELLOW, &note);
        }
}

static void put_record_notes(struct dn_text *text, const struct dn_report *r, const struct dn_closing *how) {
        dn_autotext struct dn_text note = {0};

        if (r->still_running > 0) {
                dn_text_printf(&note, "%lld of its processes still ran at the end", (long long)r->still_running);
                put_note(text, how, DN_YELLOW, &note);
        }
        if (r->lower_bound.n > 0) {
                dn_text_put(&note, DN_STR("the totals are the least it can be: "));
                dn_text_put_text(&note, &r->lower_bound);
                put_note(text, how, DN_YELLOW, &note);
        }
        if (r->lost_records > 0) {
                dn_text_printf(&note, "%lld record%s lost", (long long)r->lost_records,
                               r->lost_records == 1 ? "" : "s");
                if (how->lost_error)
                        dn_text_printf(&note, ": %s",
                                       how->lost_error == ENOSPC ? "disk full" : strerror(how->lost_error));
                put_note(text, how, DN_RED, &note);
        }
        if (r->broken > 0) {
                dn_text_printf(&note, "%llu lines were no records, and were left out", (unsigned long long)r->broken);
                put_note(text, how, DN_YELLOW, &note);
        }
}

/* missing   energy: only root may read it. More: denet doctor */
static void put_missing(struct dn_text *text, const struct dn_missing *m, const struct dn_closing *how) {
        static const char label[] = "missing   ", more[] = ". More: denet doctor\n";
        size_t width = how->columns > 0 ? (size_t)how->columns : WIDTH;

        if (m->names.n == 0)
                return;
        dn_text_put(text, dn_str_of(label));
        dn_put_name(text,
                    dn_text_str(sizeof(label) + m->reasons.n + sizeof(more) - 3 < width ? &m->reasons : &m->names));
        dn_text_put(text, dn_str_of(more));
}

static void put_records(struct dn_text *text, const struct dn_closing_numbers *n, const struct dn_closing *how) {
        if (!how->records)
                return;
        dn_text_put(text, DN_STR("records   "));
        dn_put_name(text, dn_str_of(how->records));
        dn_text_printf(text, ", %.0f sample%s", n->samples, n->samples == 1 ? "" : "s");
        if (how->records_bytes >= 0) {
                dn_text_put(text, DN_STR(", "));
                dn_put_bytes(text, (double)how->records_bytes);
        }
        dn_text_put_char(text, '\n');
}

void dn_closing_put_notes(struct dn_text *text, const struct dn_report *r, const struct dn_closing_numbers *n,
                          const struct dn_closing *how) {
        put_memory_notes(text, r, how);
        put_pids_notes(text, r, how);
        put_record_notes(text, r, how);
        put_missing(text, &r->missing, how);
        put_records(text, n, how);
}
