/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/read_text.h"

/* Large enough from the first one on: three bytes for a bad one, and the NUL in place of a quote. */
static bool has_room(struct dn_texts *texts) {
        if (texts->text->n == 0 && !dn_text_reserve(texts->text, 3 * texts->line_size))
                texts->no_memory = true;
        return !texts->no_memory;
}

struct dn_str dn_texts_take(struct dn_texts *texts, struct dn_scan *scan) {
        struct dn_str raw, taken = {"", 0};
        size_t from = texts->text->n;

        if (!dn_scan_string(scan, &raw) || !has_room(texts) || !dn_scan_unescape(raw, texts->text))
                return taken;
        taken = (struct dn_str){texts->text->p + from, texts->text->n - from};
        dn_text_put_char(texts->text, '\0');
        return taken;
}

struct dn_str dn_texts_keep(struct dn_texts *texts, struct dn_str plain) {
        size_t from = texts->text->n;

        if (!has_room(texts))
                return (struct dn_str){"", 0};
        dn_text_put(texts->text, plain);
        dn_text_put_char(texts->text, '\0');
        return (struct dn_str){texts->text->p + from, plain.n};
}
