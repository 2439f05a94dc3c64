/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void dn_text_free(struct dn_text *text) {
        free(text->p);
        *text = (struct dn_text){0};
}

/* The room to have for `need` bytes: doubled until it is enough. 0: there is no such number. */
static size_t grown(size_t room, size_t need) {
        room = room ? room : 64;
        while (room < need)
                if (__builtin_mul_overflow(room, 2, &room))
                        return 0;
        return room;
}

char *dn_text_reserve(struct dn_text *text, size_t n) {
        size_t need, room;
        char *p;

        if (text->failed)
                return NULL;
        if (__builtin_add_overflow(text->n, n, &need))
                need = SIZE_MAX; /* which nobody has */
        if (need <= text->room && text->p)
                return text->p + text->n;
        room = grown(text->room, need);
        p = room ? realloc(text->p, room) : NULL;
        if (!p) {
                text->failed = true;
                return NULL;
        }
        text->p = p;
        text->room = room;
        return p + text->n;
}

void dn_text_put(struct dn_text *text, struct dn_str s) {
        char *p = dn_text_reserve(text, s.n);

        if (!p || s.n == 0)
                return;
        memcpy(p, s.p, s.n);
        text->n += s.n;
}

void dn_text_put_text(struct dn_text *text, const struct dn_text *other) {
        dn_text_put(text, dn_text_str(other));
        text->failed |= other->failed;
}

void dn_text_put_char(struct dn_text *text, char c) {
        char *p = dn_text_reserve(text, 1);

        if (!p)
                return;
        *p = c;
        text->n++;
}

/* Two digits at a time: half the divisions, and this is the hot path of every record. */
static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434"
                            "44546474849505152535455565758596061626364656667686970717273747576777879808182838485868788"
                            "8990919293949596979899";

/* How many digits the number has. */
static int count_digits(uint64_t value) {
        static const uint64_t powers[] = {
                UINT64_C(0),
                UINT64_C(10),
                UINT64_C(100),
                UINT64_C(1000),
                UINT64_C(10000),
                UINT64_C(100000),
                UINT64_C(1000000),
                UINT64_C(10000000),
                UINT64_C(100000000),
                UINT64_C(1000000000),
                UINT64_C(10000000000),
                UINT64_C(100000000000),
                UINT64_C(1000000000000),
                UINT64_C(10000000000000),
                UINT64_C(100000000000000),
                UINT64_C(1000000000000000),
                UINT64_C(10000000000000000),
                UINT64_C(100000000000000000),
                UINT64_C(1000000000000000000),
                UINT64_C(10000000000000000000),
        };
        /* 1233 / 4096 is the decimal logarithm of 2, nearly enough for 64 bits. */
        int below = (64 - __builtin_clzll(value | 1)) * 1233 >> 12;

        return below + (value >= powers[below]);
}

/* Writes the digits so that they end before `end`. */
static void put_digits_before(char *end, uint64_t value) {
        while (value >= 100) {
                end -= 2;
                memcpy(end, pairs + 2 * (value % 100), 2);
                value /= 100;
        }
        if (value >= 10)
                memcpy(end - 2, pairs + 2 * value, 2);
        else
                end[-1] = (char)('0' + value);
}

char *dn_put_u64(char *p, uint64_t value) {
        p += value ? count_digits(value) : 1;
        put_digits_before(p, value);
        return p;
}

/* Exactly so many digits, zeros in front. */
static void put_padded(char *p, uint64_t value, int digits) {
        char *end = p + digits;

        for (; digits >= 2; digits -= 2) {
                end -= 2;
                memcpy(end, pairs + 2 * (value % 100), 2);
                value /= 100;
        }
        if (digits)
                *p = (char)('0' + value % 10);
}

char *dn_put_fixed(char *p, int64_t steps, int decimals) {
        uint64_t magnitude = steps < 0 ? 0 - (uint64_t)steps : (uint64_t)steps, whole, rest, scale = 1;

        if (steps < 0)
                *p++ = '-';
        if (decimals <= 0)
                return dn_put_u64(p, magnitude);
        switch (decimals) { /* a division by a constant is several times as fast */
        case 2:
                whole = magnitude / 100;
                rest = magnitude % 100;
                break;
        case 6:
                whole = magnitude / 1000000;
                rest = magnitude % 1000000;
                break;
        default:
                for (int i = 0; i < decimals; i++)
                        scale *= 10;
                whole = magnitude / scale;
                rest = magnitude % scale;
        }
        p = dn_put_u64(p, whole);
        *p++ = '.';
        put_padded(p, rest, decimals);
        while (decimals > 1 && p[decimals - 1] == '0')
                decimals--;
        return p + decimals;
}

void dn_text_put_u64(struct dn_text *text, uint64_t value) {
        char *p = dn_text_reserve(text, DN_NUMBER_MAX);

        if (p)
                text->n += (size_t)(dn_put_u64(p, value) - p);
}

void dn_text_put_i64(struct dn_text *text, int64_t value) {
        dn_text_put_fixed(text, value, 0);
}

void dn_text_put_fixed(struct dn_text *text, int64_t steps, int decimals) {
        char *p = dn_text_reserve(text, DN_NUMBER_MAX);

        if (p)
                text->n += (size_t)(dn_put_fixed(p, steps, decimals) - p);
}

void dn_text_printf(struct dn_text *text, const char *format, ...) {
        va_list args, again;
        char *p;
        int n;

        va_start(args, format);
        va_copy(again, args);
        n = vsnprintf(NULL, 0, format, args);
        p = n >= 0 ? dn_text_reserve(text, (size_t)n + 1) : NULL;
        if (p) {
                vsnprintf(p, (size_t)n + 1, format, again);
                text->n += (size_t)n;
        }
        va_end(again);
        va_end(args);
}

const char *dn_text_cstr(struct dn_text *text) {
        char *p = dn_text_reserve(text, 1);

        if (!p)
                return NULL;
        *p = '\0';
        return text->p;
}

char *dn_text_take(struct dn_text *text) {
        char *p = (char *)dn_text_cstr(text);

        if (!p) {
                dn_text_free(text);
                return NULL;
        }
        *text = (struct dn_text){0};
        return p;
}
