/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/build_id.h"

/* The head of a note, as ELF has it in files of both sizes. */
struct note {
        uint32_t name_size, content_size, type;
};

enum { GNU_BUILD_ID = 3 }; /* NT_GNU_BUILD_ID */

/* Cuts n bytes off the front, and what aligns their end: `before` bytes of the note went before. The last piece may
 * lack what would align the next. */
static bool cut(struct dn_str *rest, size_t n, size_t before, size_t align, struct dn_str *ret_piece) {
        size_t padded = (before + n + align - 1) / align * align - before;

        if (n > rest->n)
                return false;
        *ret_piece = (struct dn_str){rest->p, n};
        if (padded > rest->n)
                padded = rest->n;
        *rest = (struct dn_str){rest->p + padded, rest->n - padded};
        return true;
}

bool dn_build_id_find(struct dn_str notes, size_t align, struct dn_build_id *ret_id) {
        struct dn_str head, name, content;
        struct note note;

        align = align == 8 ? 8 : 4;
        while (cut(&notes, sizeof(note), 0, 4, &head)) {
                memcpy(&note, head.p, sizeof(note));
                if (!cut(&notes, note.name_size, sizeof(note), align, &name) ||
                    !cut(&notes, note.content_size, 0, align, &content))
                        return false;
                if (note.type != GNU_BUILD_ID || !dn_str_equal(name, DN_STR("GNU\0")))
                        continue;
                if (content.n == 0 || content.n > DN_BUILD_ID_MAX)
                        return false;
                *ret_id = (struct dn_build_id){.n = (uint8_t)content.n};
                memcpy(ret_id->bytes, content.p, content.n);
                return true;
        }
        return false;
}

void dn_build_id_put(struct dn_text *text, const struct dn_build_id *id) {
        static const char digits[] = "0123456789abcdef";

        for (uint8_t i = 0; i < id->n; i++) {
                dn_text_put_char(text, digits[id->bytes[i] >> 4]);
                dn_text_put_char(text, digits[id->bytes[i] & 15]);
        }
}
