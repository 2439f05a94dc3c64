/* SPDX-License-Identifier: GPL-3.0-or-later
 * Borrowed bytes, and whole numbers in them. Nothing here allocates or keeps a pointer. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that belong to somebody else; no NUL at the end. */
struct dn_str {
        const char *p;
        size_t n;
};

#define DN_STR(literal) ((struct dn_str){"" literal, sizeof(literal) - 1})
#define DN_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Of a text that ends in NUL; NULL gives the empty one. */
static inline struct dn_str dn_str_of(const char *z) {
        return (struct dn_str){z ? z : "", z ? strlen(z) : 0};
}

static inline bool dn_str_equal(struct dn_str a, struct dn_str b) {
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool dn_str_starts(struct dn_str s, struct dn_str prefix);
bool dn_str_ends(struct dn_str s, struct dn_str suffix);

/* Without blanks, tabs and newlines at either end. */
struct dn_str dn_str_trim(struct dn_str s);

/* Cuts the piece up to `separator`, or all that is left, off the front. False when nothing is left. */
bool dn_str_cut(struct dn_str *rest, char separator, struct dn_str *ret_piece);

/* `list` holds `item` among others, commas between. */
bool dn_str_lists(struct dn_str list, struct dn_str item);

/* Cuts the next word (blanks and tabs separate) off the front. False when there is none. */
bool dn_str_word(struct dn_str *rest, struct dn_str *ret_word);

/* What stands between the first `open` and the last `close`, and what follows that. */
bool dn_str_between_last(struct dn_str s, char open, char close, struct dn_str *ret_inside, struct dn_str *ret_after);

/* Cuts a decimal number off the front, blanks before it skipped. False, and nothing cut, where there is none or it
 * does not fit. The first has no sign. */
bool dn_str_take_u64(struct dn_str *rest, uint64_t *ret_value);
bool dn_str_take_i64(struct dn_str *rest, int64_t *ret_value);

/* The whole text is one decimal number. */
bool dn_str_u64(struct dn_str s, uint64_t *ret_value);

/* In a file of `key: value` lines: the value of `key` (given without its colon), blanks trimmed. Moves `rest` behind
 * that line, so keys asked for in the order of the file cost one walk. False, and nothing moved, where it is missing.
 */
bool dn_str_value(struct dn_str *rest, struct dn_str key, struct dn_str *ret_value);
