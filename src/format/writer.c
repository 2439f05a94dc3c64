/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/writer.h"
#include "format/write_tree.h"

#include <stdlib.h>

struct dn_writer {
        struct dn_text line;
        struct dn_kept_texts kept;
        int list;
        int kind;        /* of the record that `line` is; 0: of none that could be asked for again */
        uint32_t number; /* its sample's */
        uint32_t listed; /* the sample of the tree that was made last: changes are counted from there */
};

struct dn_writer *dn_writer_new(void) {
        return calloc(1, sizeof(struct dn_writer));
}

struct dn_writer *dn_writer_free(struct dn_writer *w) {
        if (w) {
                dn_text_free(&w->line);
                dn_kept_free(&w->kept);
                free(w);
        }
        return NULL;
}

void dn_writer_list(struct dn_writer *w, int children) {
        w->list = children;
        w->kind = 0;
}

void dn_writer_forget(struct dn_writer *w, uint32_t slot) {
        dn_kept_forget(&w->kept, slot);
}

/* The line, with a NUL behind it. */
static struct dn_str finished(struct dn_writer *w) {
        const char *line = dn_text_cstr(&w->line);
        size_t begins = w->kept.begins;

        return line ? (struct dn_str){line + begins, w->line.n - begins} : (struct dn_str){0};
}

struct dn_str dn_writer_exit_text(struct dn_writer *w, const struct denet_record *r, uint64_t lost) {
        struct dn_exit e = *r->exit;

        if (lost > 0)
                e.lost_records = (int64_t)lost;
        w->kind = 0;
        dn_kept_lose(&w->kept, &w->line);
        dn_write_exit(&w->line, r->unix_ms, &e, r->sample);
        return finished(w);
}

struct dn_str dn_writer_text(struct dn_writer *w, const struct denet_record *r) {
        if (r->text.n > 0)
                return r->text;
        if (w && r->kind == DN_EXIT && r->exit)
                return dn_writer_exit_text(w, r, 0);
        if (!w || !r->sample)
                return (struct dn_str){0};
        /* Several sinks may ask for one record. */
        if (w->kind == r->kind && w->number == r->sample->number)
                return finished(w);
        if (w->line.failed || r->kind != DN_TREE)
                dn_kept_lose(&w->kept, &w->line);
        if (r->kind == DN_TREE) {
                dn_kept_begin(&w->kept, &w->line);
                dn_write_tree(&w->line, r, &w->kept, w->list, w->listed);
        } else
                dn_write_sample(&w->line, r);
        w->kind = w->line.failed ? 0 : r->kind;
        w->number = r->sample->number;
        if (r->kind == DN_TREE && !w->line.failed)
                w->listed = r->sample->number;
        return finished(w);
}
