/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json_skip.h"
#include "base/json_scan.h"

#if defined(__SSE2__) && !defined(DN_PORTABLE)
#include <emmintrin.h>
#endif

/* Past what is plain in a string, many bytes at a time; stops at, or a few bytes before, the first that is not. */
#if defined(__SSE2__) && !defined(DN_PORTABLE)
static const char *past_plain(const char *p, const char *end) {
        const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);

        for (; end - p >= 16; p += 16) {
                __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
                __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
                int mask = _mm_movemask_epi8(_mm_or_si128(stop, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v)));

                if (mask)
                        return p + __builtin_ctz((unsigned)mask);
        }
        return p;
}
#else
static uint64_t has_zero(uint64_t word) {
        return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

static const char *past_plain(const char *p, const char *end) {
        const uint64_t each = UINT64_C(0x0101010101010101);

        for (; end - p >= 8; p += 8) {
                uint64_t word;

                memcpy(&word, p, sizeof(word));
                if (has_zero(word ^ (each * '"')) | has_zero(word ^ (each * '\\')) | has_zero(word & (each * 0xe0)))
                        break;
        }
        return p;
}
#endif

static bool is_hex(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* From behind a backslash to behind its escape; NULL: it is none. */
static const char *past_escape(const char *p, const char *end) {
        if (p == end)
                return NULL;
        switch (*p++) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't': return p;
        case 'u': break;
        default: return NULL;
        }
        if (end - p < 4 || !is_hex(p[0]) || !is_hex(p[1]) || !is_hex(p[2]) || !is_hex(p[3]))
                return NULL;
        return p + 4;
}

const char *dn_json_string_end(const char *p, const char *end) {
        while (p) {
                p = past_plain(p, end);
                while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
                        p++;
                if (p == end || (*p != '"' && *p != '\\'))
                        return NULL;
                if (*p == '"')
                        return p;
                p = past_escape(p + 1, end);
        }
        return NULL;
}

static const char *past_digits(const char *p, const char *end) {
        const char *from = p;

        while (p < end && *p >= '0' && *p <= '9')
                p++;
        return p == from ? NULL : p;
}

const char *dn_json_number_end(const char *p, const char *end) {
        if (p < end && *p == '-')
                p++;
        if (p < end && *p == '0')
                p++;
        else if (!(p = past_digits(p, end)))
                return NULL;
        if (p < end && *p == '.' && !(p = past_digits(p + 1, end)))
                return NULL;
        if (p < end && (*p == 'e' || *p == 'E')) {
                p++;
                if (p < end && (*p == '+' || *p == '-'))
                        p++;
                p = past_digits(p, end);
        }
        return p;
}

const char *dn_json_word_end(const char *p, const char *end) {
        static const struct dn_str words[] = {{"true", 4}, {"false", 5}, {"null", 4}};
        struct dn_str rest = {p, (size_t)(end - p)};

        for (size_t i = 0; i < DN_COUNT(words); i++)
                if (dn_str_starts(rest, words[i]))
                        return p + words[i].n;
        return NULL;
}

/* The brackets that are open within the value that is skipped: a bit each, set for an object. */
struct nest {
        uint64_t object[DN_SCAN_DEPTH / 64];
        int depth, most;
};

static bool in_object(const struct nest *nest) {
        int i = nest->depth - 1;

        return nest->object[i / 64] >> (i % 64) & 1;
}

static bool enter(struct nest *nest, bool object) {
        int i = nest->depth;
        uint64_t bit = UINT64_C(1) << (i % 64);

        if (i >= nest->most)
                return false;
        if (object)
                nest->object[i / 64] |= bit;
        else
                nest->object[i / 64] &= ~bit;
        nest->depth++;
        return true;
}

/* From a key's quote to behind its colon. */
static const char *past_key(const char *p, const char *end) {
        if (p == end || *p != '"' || !(p = dn_json_string_end(p + 1, end)))
                return NULL;
        p = dn_json_blanks(p + 1, end);
        return p < end && *p == ':' ? p + 1 : NULL;
}

/* A value begins: past all of a plain one, or into one with brackets, in an object up to its first value. `*ret_whole`:
 * the value is complete. */
static const char *past_value(struct nest *nest, const char *p, const char *end, bool *ret_whole) {
        p = dn_json_blanks(p, end);
        *ret_whole = true;
        if (p == end)
                return NULL;
        if (*p == '"')
                return (p = dn_json_string_end(p + 1, end)) ? p + 1 : NULL;
        if (*p == '{' || *p == '[') {
                bool object = *p == '{';

                if (!enter(nest, object))
                        return NULL;
                p = dn_json_blanks(p + 1, end);
                if (p < end && *p == (object ? '}' : ']')) {
                        nest->depth--;
                        return p + 1;
                }
                *ret_whole = false;
                return object ? past_key(p, end) : p;
        }
        return *p >= 'a' ? dn_json_word_end(p, end) : dn_json_number_end(p, end);
}

/* Behind a complete value: past brackets that end there, then past a comma, and in an object past the next key. */
static const char *past_value_end(struct nest *nest, const char *p, const char *end) {
        while (nest->depth > 0) {
                bool object = in_object(nest);

                p = dn_json_blanks(p, end);
                if (p == end)
                        return NULL;
                if (*p == ',')
                        return object ? past_key(dn_json_blanks(p + 1, end), end) : p + 1;
                if (*p != (object ? '}' : ']'))
                        return NULL;
                nest->depth--;
                p++;
        }
        return p;
}

void dn_scan_skip(struct dn_scan *scan) {
        struct nest nest = {.most = DN_SCAN_DEPTH - scan->depth};
        const char *p = scan->failed ? NULL : scan->p;

        do {
                bool whole = false;

                if (p)
                        p = past_value(&nest, p, scan->end, &whole);
                if (p && whole)
                        p = past_value_end(&nest, p, scan->end);
        } while (p && nest.depth > 0);
        if (p)
                scan->p = p;
        else {
                scan->failed = true;
                scan->p = scan->end;
        }
}
