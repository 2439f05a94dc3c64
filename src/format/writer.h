/* SPDX-License-Identifier: GPL-3.0-or-later
 * Records as JSON text, one line without its newline. The field table gives names, order and decimals; a field that is
 * not known is left out. */
#pragma once
#include "base/json_write.h"
#include "model/record.h"

/* What the metadata record says. Texts are borrowed. */
struct dn_metadata {
        int64_t t0_ms; /* when monitoring began, Unix */
        int64_t pid;
        char *const *argv;        /* cmd; NULL: use cmdline */
        struct dn_str cmdline;    /* as /proc/PID/cmdline: each argument ends in NUL */
        struct dn_str executable; /* empty: not known, left out */
        struct dn_str host, version;
        int64_t cores;                            /* that denet may use; 0: not known */
        int64_t memory_total_kb, memory_limit_kb; /* -1: not known, or no limit */
        int64_t interval_ms, max_interval_ms;
        struct dn_str capabilities; /* a JSON object, as the session put it together */
};

struct dn_child {
        int64_t unix_ms, pid, ppid;
        struct dn_str cmdline; /* as in metadata */
        struct dn_str exe;     /* empty: not known, left out */
};

void dn_write_metadata(struct dn_text *text, const struct dn_metadata *m);
void dn_write_child(struct dn_text *text, const struct dn_child *c);
/* The exit record; its totals are the sample's whole, its blocks those of the sample (NULL: there is none).
 * lost_records of `e` goes into the totals when it is above 0. */
void dn_write_exit(struct dn_text *text, int64_t unix_ms, const struct dn_exit *e, const struct dn_sample *sample);

/* Makes tree and sample records; keeps the text of each process by its slot, and uses it again while the row's
 * `changed` stands. What always moves (ts_ms, uptime_secs) is printed apart from it. */
struct dn_writer;
struct dn_writer *dn_writer_new(void); /* NULL: no memory */
struct dn_writer *dn_writer_free(struct dn_writer *w);
/* Which children a tree lists: 0 all, 1 those that changed since the record before, 2 none (denet_children). */
void dn_writer_list(struct dn_writer *w, int children);
/* The slot's process has left: its text is given up. */
void dn_writer_forget(struct dn_writer *w, uint32_t slot);
/* The line of a TREE, SAMPLE or EXIT record, or r->text where it stands. What is made here ends in NUL, and is good
 * until the next call. Empty p without memory ({NULL, 0}). */
struct dn_str dn_writer_text(struct dn_writer *w, const struct denet_record *r);
/* The same for the exit record of a sink that lost some: with lost_records in its totals. */
struct dn_str dn_writer_exit_text(struct dn_writer *w, const struct denet_record *r, uint64_t lost);
