/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/sink.h"

#include <errno.h>
#include <stdlib.h>

static const struct dn_sink_kind *const kinds[] = {&dn_sink_jsonl, &dn_sink_json, &dn_sink_csv};

const struct dn_sink_kind *dn_sink_kind_find(struct dn_str name) {
        for (size_t i = 0; i < DN_COUNT(kinds); i++)
                if (dn_str_equal(name, dn_str_of(kinds[i]->name)))
                        return kinds[i];
        return NULL;
}

const struct dn_sink_kind *dn_sink_kind_of_path(struct dn_str path) {
        (void)dn_pack_codec(&path);
        for (size_t i = 0; i < DN_COUNT(kinds); i++)
                if (dn_str_ends(path, dn_str_of(kinds[i]->ending)))
                        return kinds[i];
        return &dn_sink_jsonl;
}

/* What it says of lost records is the sink's to say. */
static bool has_losses(const struct denet_record *r, uint64_t lost) {
        return r->kind == DN_EXIT && r->exit && lost > 0;
}

void dn_sink_line(const struct denet_record *r, uint64_t lost, struct dn_text *text) {
        struct dn_str line;

        if (has_losses(r, lost)) {
                struct dn_exit e = *r->exit;

                e.lost_records = (e.lost_records > 0 ? e.lost_records : 0) + (int64_t)lost;
                dn_write_exit(text, r->unix_ms, &e, r->sample);
                return;
        }
        line = dn_writer_text(r->writer, r);
        if (line.n > 0)
                dn_text_put(text, line);
        else
                text->failed = true;
}

static struct denet_sink *new_sink(const struct dn_sink_kind *kind) {
        struct denet_sink *s = calloc(1, sizeof(*s));

        if (s)
                s->kind = kind;
        return s;
}

int dn_sink_open(struct denet_sink **ret_s, const char *path, const struct dn_sink_kind *kind, struct dn_text *why) {
        struct dn_str name = dn_str_of(path);
        struct denet_sink *s = new_sink(kind ? kind : dn_sink_kind_of_path(name));
        const char *codec = dn_pack_codec(&name);
        int r = s ? 0 : -ENOMEM;

        if (r == 0 && codec)
                r = dn_pack_open(&s->pack, codec, why);
        if (r == 0)
                r = dn_output_open(&s->output, path);
        if (r < 0) {
                if (s && s->pack.state)
                        (void)dn_pack_close(&s->pack, NULL, false);
                free(s);
                return r;
        }
        *ret_s = s;
        return 0;
}

int dn_sink_open_fd(struct denet_sink **ret_s, int fd, const struct dn_sink_kind *kind) {
        struct denet_sink *s = new_sink(kind ? kind : &dn_sink_jsonl);

        if (!s)
                return -ENOMEM;
        dn_output_borrow(&s->output, fd);
        *ret_s = s;
        return 0;
}

static void put_begin(struct denet_sink *s) {
        dn_text_reset(&s->text);
        if (!s->begun && s->kind->begin)
                s->kind->begin(&s->text);
}

/* What is in the text, with one write. `last`: nothing is to follow. */
static int put_text(struct denet_sink *s, bool last) {
        int r = s->text.failed  ? -ENOMEM
                : s->pack.state ? dn_pack_put(&s->pack, &s->output, dn_text_str(&s->text), last)
                                : dn_output_put(&s->output, dn_text_str(&s->text));

        if (r == 0)
                s->begun = true;
        return r;
}

static int put_line(struct denet_sink *s, const struct denet_record *r) {
        struct dn_str line = dn_writer_text(r->writer, r);

        return line.n > 0 ? dn_output_put_line(&s->output, line) : -ENOMEM;
}

static int count(struct denet_sink *s, int result) {
        if (result < 0) {
                s->failed = result;
                s->lost++;
        } else
                s->written++;
        return result;
}

int dn_sink_put(struct denet_sink *s, const struct denet_record *r) {
        size_t empty;

        if (s->kind->lines && !s->pack.state && !has_losses(r, s->lost))
                return count(s, put_line(s, r));
        put_begin(s);
        empty = s->text.n;
        s->kind->write(r, s->written, s->lost, &s->text);
        if (s->text.n == empty && !s->text.failed)
                return 0;
        return count(s, put_text(s, r->kind == DN_EXIT));
}

int dn_sink_close(struct denet_sink *s) {
        int r = 0, packed = 0, closed;

        if (s->kind->end) {
                put_begin(s);
                s->kind->end(s->written, &s->text);
                r = put_text(s, true);
        }
        if (s->pack.state)
                packed = dn_pack_close(&s->pack, &s->output, s->begun);
        closed = dn_output_close(&s->output);
        dn_text_free(&s->text);
        free(s);
        return r < 0 ? r : packed < 0 ? packed : closed;
}
