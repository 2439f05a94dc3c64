/* SPDX-License-Identifier: GPL-3.0-or-later
 * Elements of a JSON array of records, one by one, however they are laid out: where each begins and ends. Whether an
 * element is a record, its reader says. Several arrays may follow one another. */
#pragma once
#include "base/str.h"

/* Begin with all 0. Offsets are of the text from its first byte that was not taken yet. */
struct dn_array {
        int place;           /* of dn_array_place */
        size_t from, looked; /* the element begins here; so far was looked */
        size_t depth;
        bool inside, quoted, escaped;
        bool bad; /* no comma before it, or nothing between two */
};

/* `text` is what is not taken yet, the same and perhaps more of it each time. True: there is an element, bytes `from`
 * to `to`, and `bad` says whether it stands where it may; the caller takes all before `to`. False: there is not enough.
 */
bool dn_array_next(struct dn_array *array, struct dn_str text, size_t *ret_from, size_t *ret_to);

/* One without blanks between its tokens, in place; its new length. One that has no line breaks, and begins without a
 * blank, is left as it is. */
size_t dn_array_flatten(char *element, size_t n);
