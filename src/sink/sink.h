/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where records go. A kind (jsonl.c, json.c, csv.c) makes bytes of them, output.c alone knows where those go. */
#pragma once
#include "format/writer.h"
#include "sink/pack.h"

struct dn_sink_kind {
        const char *name, *ending;
        void (*begin)(struct dn_text *text); /* each may be NULL */
        /* Appends the record's bytes; nothing for a record that this kind leaves out. `nth` counts those that were not.
         */
        void (*write)(const struct denet_record *r, uint64_t nth, uint64_t lost, struct dn_text *text);
        void (*end)(uint64_t n,
                    struct dn_text *text); /* where it is not NULL, an empty file has its begin and end too */
        bool lines;                        /* a record is its line and a newline, which need not be copied */
};

extern const struct dn_sink_kind dn_sink_jsonl, dn_sink_json, dn_sink_csv;

/* The record's line into the text, for kinds that are made of lines: an exit record with what was lost. */
void dn_sink_line(const struct denet_record *r, uint64_t lost, struct dn_text *text);

struct denet_sink {
        const struct dn_sink_kind *kind;
        struct dn_output output;
        struct dn_pack pack;
        struct dn_text text;
        uint64_t written, lost;
        bool begun;
        int failed; /* the last error, or 0 */
};

/* `kind` NULL: by the path's ending, JSON lines where that says nothing; .zst or .gz behind it compresses in any case.
 * 0 or -errno; where a codec is missing, -ENOENT and `why` is not empty. The file is made, not yet emptied. */
int dn_sink_open(struct denet_sink **ret_s, const char *path, const struct dn_sink_kind *kind, struct dn_text *why);
int dn_sink_open_fd(struct denet_sink **ret_s, int fd, const struct dn_sink_kind *kind);
/* By name ("jsonl", "json", "csv"); NULL where there is none. */
const struct dn_sink_kind *dn_sink_kind_find(struct dn_str name);
const struct dn_sink_kind *dn_sink_kind_of_path(struct dn_str path);
/* 0, or why the record was left out whole; it is then counted as lost. */
int dn_sink_put(struct denet_sink *s, const struct denet_record *r);
int dn_sink_close(struct denet_sink *s);
