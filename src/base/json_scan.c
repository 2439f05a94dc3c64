/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json_scan.h"
#include "base/json_number.h"
#include "base/json_skip.h"
#include "base/utf8.h"

static bool fail(struct dn_scan *scan) {
        scan->failed = true;
        scan->p = scan->end;
        return false;
}

/* The next character that is no blank, not taken; 0 at the end, which no JSON has outside of a string. */
static char ahead(struct dn_scan *scan) {
        scan->p = dn_json_blanks(scan->p, scan->end);
        return scan->p < scan->end ? *scan->p : '\0';
}

enum dn_scan_type dn_scan_peek(struct dn_scan *scan) {
        char c = scan->failed ? '\0' : ahead(scan);

        switch (c) {
        case '{': return DN_SCAN_OBJECT;
        case '[': return DN_SCAN_ARRAY;
        case '"': return DN_SCAN_STRING;
        case 't': return DN_SCAN_TRUE;
        case 'f': return DN_SCAN_FALSE;
        case 'n': return DN_SCAN_NULL;
        default: return c == '-' || (c >= '0' && c <= '9') ? DN_SCAN_NUMBER : DN_SCAN_NONE;
        }
}

/* The next value is of this type; if not, it is skipped, which fails where there is none. */
static bool is_next(struct dn_scan *scan, enum dn_scan_type type) {
        if (dn_scan_peek(scan) == type)
                return true;
        dn_scan_skip(scan);
        return false;
}

static bool enter(struct dn_scan *scan, enum dn_scan_type type) {
        if (!is_next(scan, type))
                return false;
        if (scan->depth >= DN_SCAN_DEPTH)
                return fail(scan);
        scan->p++;
        scan->depth++;
        scan->first = true;
        return true;
}

bool dn_scan_object(struct dn_scan *scan) {
        return enter(scan, DN_SCAN_OBJECT);
}

bool dn_scan_array(struct dn_scan *scan) {
        return enter(scan, DN_SCAN_ARRAY);
}

/* There is one more in what was entered; leaves it where there is none. */
static bool another(struct dn_scan *scan, char bracket) {
        bool first = scan->first;
        char c;

        if (scan->failed)
                return false;
        c = ahead(scan);
        scan->first = false;
        if (c == bracket && scan->depth > 0) {
                scan->p++;
                scan->depth--;
                return false;
        }
        if (first)
                return c != '\0' || fail(scan);
        if (c != ',')
                return fail(scan);
        scan->p++;
        return true;
}

bool dn_scan_member(struct dn_scan *scan, struct dn_str *ret_key) {
        const char *from, *quote;

        if (!another(scan, '}'))
                return false;
        if (ahead(scan) != '"')
                return fail(scan);
        from = scan->p + 1;
        quote = dn_json_string_end(from, scan->end);
        if (!quote)
                return fail(scan);
        scan->p = quote + 1;
        if (ahead(scan) != ':')
                return fail(scan);
        scan->p++;
        *ret_key = (struct dn_str){from, (size_t)(quote - from)};
        return true;
}

bool dn_scan_element(struct dn_scan *scan) {
        return another(scan, ']');
}

bool dn_scan_string(struct dn_scan *scan, struct dn_str *ret_raw) {
        const char *from, *quote;

        if (!is_next(scan, DN_SCAN_STRING))
                return false;
        from = scan->p + 1;
        quote = dn_json_string_end(from, scan->end);
        if (!quote)
                return fail(scan);
        scan->p = quote + 1;
        *ret_raw = (struct dn_str){from, (size_t)(quote - from)};
        return true;
}

/* A number in its written digits: value = 0.DIGITS x 10^point, DIGITS those of `text` up to its exponent. */
struct decimal {
        struct dn_str text; /* digits and at most one '.' */
        bool negative;
        int64_t point;
};

static struct decimal take_apart(struct dn_str number) {
        struct decimal d = {.negative = number.p[0] == '-'};
        const char *p = number.p + d.negative, *end = number.p + number.n, *dot = NULL, *from = p;
        int64_t exponent = 0;
        bool minus;

        for (; p < end && *p != 'e' && *p != 'E'; p++)
                if (*p == '.')
                        dot = p;
        d.text = (struct dn_str){from, (size_t)(p - from)};
        d.point = (dot ? dot : p) - from;
        if (p == end)
                return d;
        p++;
        minus = *p == '-';
        /* What is beyond a million millions is out of any range, and no text is so long as to make up for it. */
        for (p += minus || *p == '+'; p < end; p++)
                if (exponent < INT64_C(1000000000000))
                        exponent = exponent * 10 + (*p - '0');
        d.point += minus ? -exponent : exponent;
        return d;
}

/* In 10^-decimals: false where it does not fit. `*ret_exact`: nothing was rounded. */
static bool to_steps(const struct decimal *d, int decimals, int64_t *ret_steps, bool *ret_exact) {
        uint64_t value = 0, limit = (uint64_t)INT64_MAX + d->negative;
        int64_t left = d->point + decimals; /* digits that count */
        bool up = false, rest = false;

        for (size_t i = 0; i < d->text.n; i++) {
                uint64_t digit = (uint64_t)(d->text.p[i] - '0');

                if (d->text.p[i] == '.')
                        continue;
                if (left > 0) {
                        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
                                return false;
                } else {
                        up |= left == 0 && digit >= 5;
                        rest |= digit != 0;
                }
                left--;
        }
        for (; left > 0 && value > 0; left--)
                if (__builtin_mul_overflow(value, 10, &value))
                        return false;
        if (__builtin_add_overflow(value, (uint64_t)up, &value) || value > limit)
                return false;
        *ret_steps = d->negative ? (int64_t)(0 - value) : (int64_t)value;
        *ret_exact = !rest;
        return true;
}

static bool take_number(struct dn_scan *scan, int decimals, int64_t *ret_steps, bool *ret_exact) {
        const char *from, *behind;
        struct decimal d;

        if (!is_next(scan, DN_SCAN_NUMBER))
                return false;
        from = scan->p;
        behind = scan->end - from >= DN_JSON_NUMBER_ROOM ? dn_json_fixed(from, decimals, ret_steps) : NULL;
        if (behind) {
                scan->p = behind;
                *ret_exact = true;
                return true;
        }
        behind = dn_json_number_end(from, scan->end);
        if (!behind)
                return fail(scan);
        scan->p = behind;
        d = take_apart((struct dn_str){from, (size_t)(behind - from)});
        return to_steps(&d, decimals, ret_steps, ret_exact);
}

bool dn_scan_i64(struct dn_scan *scan, int64_t *ret_value) {
        int64_t value;
        bool exact;

        if (!take_number(scan, 0, &value, &exact) || !exact)
                return false;
        *ret_value = value;
        return true;
}

bool dn_scan_steps(struct dn_scan *scan, int decimals, int64_t *ret_steps) {
        bool exact;

        return take_number(scan, decimals, ret_steps, &exact);
}

bool dn_scan_bool(struct dn_scan *scan, bool *ret_value) {
        enum dn_scan_type type = dn_scan_peek(scan);

        dn_scan_skip(scan);
        if (scan->failed || (type != DN_SCAN_TRUE && type != DN_SCAN_FALSE))
                return false;
        *ret_value = type == DN_SCAN_TRUE;
        return true;
}

bool dn_scan_raw(struct dn_scan *scan, struct dn_str *ret_json) {
        const char *from;

        if (scan->failed)
                return false;
        ahead(scan);
        from = scan->p;
        dn_scan_skip(scan);
        if (scan->failed)
                return false;
        *ret_json = (struct dn_str){from, (size_t)(scan->p - from)};
        return true;
}

bool dn_scan_end(struct dn_scan *scan) {
        if (scan->failed || scan->depth > 0)
                return false;
        ahead(scan);
        return scan->p == scan->end || fail(scan);
}

static int hex_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind `\u`; -1 where they are none. */
static int code_unit(struct dn_str rest) {
        int unit = 0;

        if (rest.n < 6 || rest.p[0] != '\\' || rest.p[1] != 'u')
                return -1;
        for (int i = 2; i < 6; i++) {
                int digit = hex_digit(rest.p[i]);

                if (digit < 0)
                        return -1;
                unit = unit * 16 + digit;
        }
        return unit;
}

static void put_code_point(struct dn_text *text, int c) {
        char s[4];
        size_t n = 0;

        if (c < 0x80)
                s[n++] = (char)c;
        else if (c < 0x800)
                s[n++] = (char)(0xc0 | c >> 6);
        else if (c < 0x10000)
                s[n++] = (char)(0xe0 | c >> 12);
        else
                s[n++] = (char)(0xf0 | c >> 18);
        if (c >= 0x10000)
                s[n++] = (char)(0x80 | (c >> 12 & 0x3f));
        if (c >= 0x800)
                s[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        if (c >= 0x80)
                s[n++] = (char)(0x80 | (c & 0x3f));
        dn_text_put(text, (struct dn_str){s, n});
}

/* `\uXXXX` at the front, or a pair of them; returns its bytes, 0 where it is none. */
static size_t unescape_unit(struct dn_str rest, struct dn_text *text) {
        int c = code_unit(rest), low;

        if (c < 0)
                return 0;
        if (c < 0xd800 || c > 0xdfff) {
                put_code_point(text, c);
                return 6;
        }
        low = code_unit((struct dn_str){rest.p + 6, rest.n - 6});
        if (c > 0xdbff || low < 0xdc00 || low > 0xdfff) {
                put_code_point(text, 0xfffd);
                return 6;
        }
        put_code_point(text, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
        return 12;
}

/* The escape at the front; returns its bytes, 0 where it is none. */
static size_t unescape_one(struct dn_str rest, struct dn_text *text) {
        static const char named[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

        if (rest.n < 2)
                return 0;
        for (const char *n = named; *n; n += 2)
                if (*n == rest.p[1]) {
                        dn_text_put_char(text, n[1]);
                        return 2;
                }
        return unescape_unit(rest, text);
}

bool dn_scan_unescape(struct dn_str raw, struct dn_text *text) {
        while (raw.n > 0) {
                const char *backslash = memchr(raw.p, '\\', raw.n);
                size_t n = backslash ? (size_t)(backslash - raw.p) : raw.n;

                dn_utf8_put(text, (struct dn_str){raw.p, n});
                raw = (struct dn_str){raw.p + n, raw.n - n};
                if (raw.n == 0)
                        break;
                n = unescape_one(raw, text);
                if (n == 0)
                        return false;
                raw = (struct dn_str){raw.p + n, raw.n - n};
        }
        return true;
}
