/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/str.h"

bool dn_str_starts(struct dn_str s, struct dn_str prefix) {
        return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

bool dn_str_ends(struct dn_str s, struct dn_str suffix) {
        return s.n >= suffix.n && memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct dn_str dn_str_trim(struct dn_str s) {
        while (s.n > 0 && is_blank(s.p[0])) {
                s.p++;
                s.n--;
        }
        while (s.n > 0 && is_blank(s.p[s.n - 1]))
                s.n--;
        return s;
}

bool dn_str_cut(struct dn_str *rest, char separator, struct dn_str *ret_piece) {
        const char *end;
        size_t n;

        if (rest->n == 0)
                return false;
        end = memchr(rest->p, separator, rest->n);
        n = end ? (size_t)(end - rest->p) : rest->n;
        *ret_piece = (struct dn_str){rest->p, n};
        n += end != NULL;
        rest->p += n;
        rest->n -= n;
        return true;
}

bool dn_str_lists(struct dn_str list, struct dn_str item) {
        struct dn_str piece;

        while (dn_str_cut(&list, ',', &piece))
                if (dn_str_equal(piece, item))
                        return true;
        return false;
}

bool dn_str_word(struct dn_str *rest, struct dn_str *ret_word) {
        struct dn_str s = *rest;
        size_t n = 0;

        while (s.n > 0 && is_blank(s.p[0])) {
                s.p++;
                s.n--;
        }
        while (n < s.n && !is_blank(s.p[n]))
                n++;
        if (n == 0)
                return false;
        *ret_word = (struct dn_str){s.p, n};
        *rest = (struct dn_str){s.p + n, s.n - n};
        return true;
}

bool dn_str_between_last(struct dn_str s, char open, char close, struct dn_str *ret_inside, struct dn_str *ret_after) {
        const char *first = s.n ? memchr(s.p, open, s.n) : NULL;
        const char *last = s.n ? memrchr(s.p, close, s.n) : NULL;

        if (!first || !last || last < first)
                return false;
        *ret_inside = (struct dn_str){first + 1, (size_t)(last - first) - 1};
        *ret_after = (struct dn_str){last + 1, s.n - (size_t)(last - s.p) - 1};
        return true;
}

bool dn_str_take_u64(struct dn_str *rest, uint64_t *ret_value) {
        const char *p = rest->p, *end = rest->p + rest->n, *digits;
        uint64_t value = 0;

        while (p < end && is_blank(*p))
                p++;
        for (digits = p; p < end && *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
                        return false;
        if (p == digits)
                return false;
        *ret_value = value;
        *rest = (struct dn_str){p, (size_t)(end - p)};
        return true;
}

bool dn_str_take_i64(struct dn_str *rest, int64_t *ret_value) {
        struct dn_str s = *rest;
        bool negative;
        uint64_t value;

        while (s.n > 0 && is_blank(s.p[0])) {
                s.p++;
                s.n--;
        }
        negative = s.n > 0 && s.p[0] == '-';
        if (negative) {
                s.p++;
                s.n--;
        }
        if (s.n == 0 || is_blank(s.p[0]) || !dn_str_take_u64(&s, &value) || value > (uint64_t)INT64_MAX + negative)
                return false;
        *ret_value = negative ? (int64_t)(0 - value) : (int64_t)value;
        *rest = s;
        return true;
}

bool dn_str_u64(struct dn_str s, uint64_t *ret_value) {
        uint64_t value;

        if (s.n == 0 || is_blank(s.p[0]) || !dn_str_take_u64(&s, &value) || s.n != 0)
                return false;
        *ret_value = value;
        return true;
}

bool dn_str_value(struct dn_str *rest, struct dn_str key, struct dn_str *ret_value) {
        struct dn_str s = *rest, line;

        while (dn_str_cut(&s, '\n', &line)) {
                if (line.n <= key.n || line.p[key.n] != ':' || !dn_str_starts(line, key))
                        continue;
                *ret_value = dn_str_trim((struct dn_str){line.p + key.n + 1, line.n - key.n - 1});
                *rest = s;
                return true;
        }
        return false;
}
