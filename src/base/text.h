/* SPDX-License-Identifier: GPL-3.0-or-later
 * Growing text. What it is given it keeps; a failed allocation is remembered, so that a caller may put a whole line
 * together and look at `failed` once. */
#pragma once
#include "base/str.h"

struct dn_text {
        char *p;
        size_t n, room;
        bool failed; /* no memory: what follows was not taken */
};

void dn_text_free(struct dn_text *text); /* empties it; it may be used again */

/* Empty, its memory kept. */
static inline void dn_text_reset(struct dn_text *text) {
        text->n = 0;
        text->failed = false;
}

static inline struct dn_str dn_text_str(const struct dn_text *text) {
        return (struct dn_str){text->p ? text->p : "", text->n};
}

/* Room for n bytes at the end, not yet part of the text; NULL without memory. */
char *dn_text_reserve(struct dn_text *text, size_t n);

void dn_text_put(struct dn_text *text, struct dn_str s);
void dn_text_put_text(struct dn_text *text, const struct dn_text *other); /* its failure too */
void dn_text_put_char(struct dn_text *text, char c);
void dn_text_put_u64(struct dn_text *text, uint64_t value);
void dn_text_put_i64(struct dn_text *text, int64_t value);
void dn_text_printf(struct dn_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* `steps` of 10^-decimals: 1230 with 3 is 1.23. Zeros at the end are left out, one digit stays behind the point, so
 * that it reads as a fraction; with no decimals a whole number. */
void dn_text_put_fixed(struct dn_text *text, int64_t steps, int decimals);

/* The same to where there is room for DN_NUMBER_MAX bytes (decimals up to 18); returns the place behind. */
enum { DN_NUMBER_MAX = 40 };
char *dn_put_u64(char *p, uint64_t value);
char *dn_put_fixed(char *p, int64_t steps, int decimals);

/* The text with a NUL behind it; NULL if it failed. */
const char *dn_text_cstr(struct dn_text *text);

/* The same, bytes given away: the caller frees them. NULL, and the text empty, if it failed. */
char *dn_text_take(struct dn_text *text);
