/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/fold.h"

/* The bytes of a style, or 0: none begins here. */
static size_t style_length(struct dn_str text) {
        const char *end = text.n > 0 && *text.p == '\033' ? memchr(text.p, 'm', text.n) : NULL;

        return end ? (size_t)(end - text.p) + 1 : 0;
}

static bool begins_character(char c) {
        return ((unsigned char)c & 0xc0) != 0x80;
}

static int width_of(struct dn_str line) {
        int columns = 0;

        while (line.n > 0) {
                size_t style = style_length(line), n = style ? style : 1;

                columns += !style && begins_character(*line.p);
                line = (struct dn_str){line.p + n, line.n - n};
        }
        return columns;
}

/* Where the line is to be broken: the last such blank that leaves what is before it room; 0: nowhere. */
static size_t place_of_break(struct dn_str line, int room) {
        size_t place = 0;

        for (size_t i = 1; i < line.n; i++)
                if (line.p[i] == ' ' && (line.p[i - 1] == ',' || line.p[i - 1] == ';')) {
                        if (width_of((struct dn_str){line.p, i}) > room)
                                break;
                        place = i;
                }
        return place;
}

static void put_line(struct dn_text *text, struct dn_str line, int columns, int indent) {
        int room = columns;
        size_t place;

        while (columns > indent && width_of(line) > room && (place = place_of_break(line, room)) > 0) {
                dn_text_put(text, (struct dn_str){line.p, place});
                dn_text_printf(text, "\n%*s", indent, "");
                line = (struct dn_str){line.p + place + 1, line.n - place - 1};
                room = columns - indent;
        }
        dn_text_put(text, line);
        dn_text_put_char(text, '\n');
}

void dn_fold_put(struct dn_text *text, struct dn_str lines, int columns, int indent) {
        struct dn_str line;

        while (dn_str_cut(&lines, '\n', &line))
                put_line(text, line, columns, indent);
}

int dn_fold_count(struct dn_str lines, int columns) {
        struct dn_str line;
        int n = 0;

        while (dn_str_cut(&lines, '\n', &line)) {
                int width = width_of(line);

                n += columns > 0 && width > columns ? (width + columns - 1) / columns : 1;
        }
        return n;
}
