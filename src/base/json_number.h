/* SPDX-License-Identifier: GPL-3.0-or-later
 * Numbers as denet writes them (digits, at most one point), eight digits at a time: no table, no branch a digit, and
 * any byte order. What is of another form is left to json_scan.c, which takes every number of JSON. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { DN_JSON_NUMBER_ROOM = 32 }; /* so many bytes behind the first are looked at, whatever they are */

/* Eight bytes, the first one lowest. */
static inline uint64_t dn_json_eight(const char *p) {
        uint64_t word;

        memcpy(&word, p, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        return word;
}

/* Eight digits less '0' each, the first one lowest, to their number: neighbours are joined, three times. */
static inline uint64_t dn_json_join(uint64_t digits) {
        const uint64_t pairs = UINT64_C(0x000000ff000000ff);

        digits = digits * 10 + (digits >> 8);
        return ((digits & pairs) * UINT64_C(0x000f424000000064) +
                (digits >> 16 & pairs) * UINT64_C(0x0000271000000001)) >>
               32;
}

/* How many of the eight are digits, from the first on; they stand in *ret_digits less '0' each. */
static inline unsigned dn_json_count(const char *p, uint64_t *ret_digits) {
        uint64_t digits = dn_json_eight(p) ^ UINT64_C(0x3030303030303030);
        uint64_t stops = ((digits + UINT64_C(0x7676767676767676)) | digits) & UINT64_C(0x8080808080808080);

        *ret_digits = digits;
        return stops ? (unsigned)__builtin_ctzll(stops) / 8 : 8;
}

/* The part behind the point, of one digit up to `decimals`, in 10^-decimals; NULL: there are more, or none. */
static inline const char *dn_json_fraction(const char *p, int decimals, uint64_t *ret_steps) {
        uint64_t digits;
        unsigned n = dn_json_count(p, &digits);

        if (n == 0 || n > (unsigned)decimals)
                return NULL;
        digits = n == 8 ? digits : digits & ((UINT64_C(1) << 8 * n) - 1);
        *ret_steps = dn_json_join(digits << (64 - 8 * decimals));
        return p + n;
}

/* A number not below 0 in 10^-decimals (0 to 8), a comma or a closing brace behind it: returns where that stands. NULL,
 * and nothing said of what is there: it is not of this form, or has more digits. */
static inline const char *dn_json_fixed(const char *p, int decimals, int64_t *ret_steps) {
        static const uint32_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
        uint64_t digits, more, value, fraction = 0;
        unsigned n = dn_json_count(p, &digits);

        if (n == 0 || (n > 1 && (digits & 0xff) == 0))
                return NULL;
        value = dn_json_join(digits << (64 - 8 * n));
        p += n;
        if (n == 8 && (n = dn_json_count(p, &more)) > 0) {
                if (n == 8 || decimals > 0)
                        return NULL;
                value = value * powers[n] + dn_json_join(more << (64 - 8 * n));
                p += n;
        }
        if (decimals > 0) {
                if (*p == '.' && !(p = dn_json_fraction(p + 1, decimals, &fraction)))
                        return NULL;
                value = value * powers[decimals] + fraction;
        }
        if (*p != ',' && *p != '}')
                return NULL;
        *ret_steps = (int64_t)value;
        return p;
}
