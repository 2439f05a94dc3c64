/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/array_read.h"

enum dn_array_place { OUTSIDE, FIRST, BEHIND, NEXT };

static bool is_blank(char c) {
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* A character between elements. True: an element begins with it. */
static bool between(struct dn_array *a, char c) {
        if (is_blank(c))
                return false;
        if (c == '[' && a->place == OUTSIDE)
                a->place = FIRST;
        else if (c == ',' && a->place == BEHIND)
                a->place = NEXT;
        else if (c == ']' && (a->place == FIRST || a->place == BEHIND))
                a->place = OUTSIDE;
        else
                return true;
        return false;
}

/* A character of an element. True: the element ends with it; `*ret_before`: it ends before it. */
static bool ends(struct dn_array *a, char c, bool *ret_before) {
        *ret_before = false;
        if (a->quoted) {
                a->quoted = a->escaped || c != '"';
                a->escaped = !a->escaped && c == '\\';
                return !a->quoted && a->depth == 0;
        }
        switch (c) {
        case '"': a->quoted = true; return false;
        case '{':
        case '[': a->depth++; return false;
        case '}':
        case ']': *ret_before = a->depth == 0; return a->depth == 0 || --a->depth == 0;
        default: *ret_before = a->depth == 0 && (c == ',' || is_blank(c)); return *ret_before;
        }
}

bool dn_array_next(struct dn_array *a, struct dn_str text, size_t *ret_from, size_t *ret_to) {
        for (; a->looked < text.n; a->looked++) {
                char c = text.p[a->looked];
                bool before, stray;

                if (!a->inside) {
                        if (!between(a, c))
                                continue;
                        a->inside = true;
                        a->bad = a->place == BEHIND || a->place == OUTSIDE || c == ',' || c == ']' || c == '}';
                        a->from = a->looked;
                }
                if (!ends(a, c, &before))
                        continue;
                /* What stands where no element can begin is passed over, or nothing would ever end. */
                stray = before && a->looked == a->from;
                *ret_from = a->from;
                *ret_to = a->looked + (!before || stray);
                a->place = !stray || c == '}' ? BEHIND : c == ',' ? NEXT : OUTSIDE;
                a->inside = false;
                a->looked = 0;
                return true;
        }
        return false;
}

size_t dn_array_flatten(char *element, size_t n) {
        bool quoted = false, escaped = false;
        size_t kept = 0;

        if (!memchr(element, '\n', n) && !memchr(element, '\r', n))
                return n;
        for (size_t i = 0; i < n; i++) {
                char c = element[i];

                if (quoted) {
                        quoted = escaped || c != '"';
                        escaped = !escaped && c == '\\';
                } else if (is_blank(c))
                        continue;
                else
                        quoted = c == '"';
                element[kept++] = c;
        }
        return kept;
}
