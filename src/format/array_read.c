/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/array_read.h"

#if defined(__SSE2__) && !defined(DN_PORTABLE)
#include <emmintrin.h>
#endif

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

#if defined(__SSE2__) && !defined(DN_PORTABLE)
enum { BLOCK = 64 };

/* A bit a byte. */
struct masks {
        uint64_t quotes, backslashes, opening, closing;
};

static inline uint64_t bits(__m128i found) {
        return (uint64_t)(unsigned)_mm_movemask_epi8(found);
}

static inline struct masks look_at(const char *p) {
        struct masks m = {0};

        for (int i = 0; i < BLOCK; i += 16) {
                __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
                __m128i bracket = _mm_or_si128(v, _mm_set1_epi8(0x20)); /* [ and ] become { and } */

                m.quotes |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('"'))) << i;
                m.backslashes |= bits(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))) << i;
                m.opening |= bits(_mm_cmpeq_epi8(bracket, _mm_set1_epi8('{'))) << i;
                m.closing |= bits(_mm_cmpeq_epi8(bracket, _mm_set1_epi8('}'))) << i;
        }
        return m;
}

/* Each bit, and all below it, added without carry: set from one quote up to the next. */
static inline uint64_t between_quotes(uint64_t quotes) {
        for (int shift = 1; shift < 64; shift *= 2)
                quotes ^= quotes << shift;
        return quotes;
}

/* Brackets are rare, and not every processor counts bits by itself. */
static inline size_t count(uint64_t mask) {
        size_t n = 0;

        for (; mask; mask &= mask - 1)
                n++;
        return n;
}

/* Moves past blocks in the midst of an element: brackets are counted, strings are not looked into. Stops before a block
 * that has a backslash, or the element's end, or is not whole. */
static void past_blocks(struct dn_array *a, struct dn_str text) {
        while (a->depth > 0 && !a->escaped && text.n - a->looked >= BLOCK) {
                struct masks m = look_at(text.p + a->looked);
                uint64_t quoted = between_quotes(m.quotes) ^ (a->quoted ? UINT64_MAX : 0);
                uint64_t opening = m.opening & ~quoted, closing = m.closing & ~quoted;
                size_t least = count(closing);

                if (m.backslashes || least >= a->depth)
                        return;
                a->depth += count(opening) - least;
                a->quoted = quoted >> 63;
                a->looked += BLOCK;
        }
}
#else
static void past_blocks(struct dn_array *a, struct dn_str text) {
        (void)a;
        (void)text;
}
#endif

/* One that begins here. */
static void begin(struct dn_array *a, char c) {
        a->inside = true;
        a->bad = a->place == BEHIND || a->place == OUTSIDE || c == ',' || c == ']' || c == '}';
        a->from = a->looked;
}

bool dn_array_next(struct dn_array *a, struct dn_str text, size_t *ret_from, size_t *ret_to) {
        for (;; a->looked++) {
                bool before, stray;
                char c;

                if (a->inside && (a->looked - a->from) % 64 == 0)
                        past_blocks(a, text);
                if (a->looked == text.n)
                        return false;
                c = text.p[a->looked];
                if (!a->inside) {
                        if (!between(a, c))
                                continue;
                        begin(a, c);
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
}

/* As denet writes it: nothing to do, by what it begins with. */
static bool is_flat(const char *element, size_t n) {
        size_t head = n < 64 ? n : 64;

        return !memchr(element, ' ', head) && !memchr(element, '\n', n) && !memchr(element, '\r', n);
}

size_t dn_array_flatten(char *element, size_t n) {
        bool quoted = false, escaped = false;
        size_t kept = 0;

        if (is_flat(element, n))
                return n;
        for (size_t i = 0; i < n; i++) {
                char c = element[i];

                quoted ^= (c == '"') & !escaped;
                escaped = quoted & (c == '\\') & !escaped;
                element[kept] = c;
                kept += quoted | !is_blank(c);
        }
        return kept;
}
