/* SPDX-License-Identifier: GPL-3.0-or-later
 * A line to a record. Whatever the line, what is made of its record is read again, and is then the same text. */
#include "format/csv_write.h"
#include "format/reader.h"
#include "format/summary_json.h"
#include "format/writer.h"

#include <errno.h>
#include <stdlib.h>

#define MUST(condition) \
        do { \
                if (!(condition)) \
                        abort(); \
        } while (0)

/* The record written anew; nothing for one that is text alone. */
static void rewrite(struct denet_record r, struct dn_text *text) {
        struct dn_writer *w = dn_writer_new();
        struct dn_str line = {0};

        r.text = (struct dn_str){0};
        if (w && (r.kind == DN_TREE || r.kind == DN_SAMPLE || r.kind == DN_EXIT)) {
                line = dn_writer_text(w, &r);
                MUST(line.n > 0);
        }
        dn_text_put(text, line);
        dn_writer_free(w);
}

static void rewriting_changes_nothing(const struct denet_record *r, bool children) {
        struct dn_reader reader = {.children = children};
        struct dn_text once = {0}, twice = {0};
        struct denet_record again;

        rewrite(*r, &once);
        if (once.n > 0) {
                MUST(dn_reader_line(&reader, dn_text_str(&once), &again) == 0);
                MUST(again.kind == r->kind && again.unix_ms == r->unix_ms);
                rewrite(again, &twice);
                MUST(dn_str_equal(dn_text_str(&once), dn_text_str(&twice)));
        }
        dn_text_free(&once);
        dn_text_free(&twice);
        dn_reader_free(&reader);
}

static void fold(struct denet_summary *summary, const struct denet_record *r) {
        struct dn_text text = {0};

        dn_csv_row(&text, r);
        MUST(dn_summary_add(summary, r) == 0);
        dn_summary_write(&text, summary);
        dn_text_free(&text);
}

/* The first byte says whether children are wanted; the lines follow. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dn_reader reader = {.children = size > 0 && data[0] & 1};
        struct dn_str rest = {(const char *)data, size}, line;
        struct denet_summary *summary = dn_summary_new();
        struct denet_record r;

        if (size > 0)
                rest = (struct dn_str){rest.p + 1, rest.n - 1};
        while (summary && dn_str_cut(&rest, '\n', &line)) {
                int result = dn_reader_line(&reader, line, &r);

                MUST(result == 0 || result == -EBADMSG || result == -ENODATA);
                if (result < 0)
                        continue;
                fold(summary, &r);
                rewriting_changes_nothing(&r, reader.children);
        }
        dn_summary_free(summary);
        dn_reader_free(&reader);
        return 0;
}
