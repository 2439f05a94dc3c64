/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where a JSON token ends: what the scanner and its skipping share. Nothing at or behind `end` is looked at. */
#pragma once
#include <stddef.h>

/* From behind the opening quote to the closing one. NULL: there is none before `end`, a control character stands in the
 * string, or an escape is none. */
const char *dn_json_string_end(const char *p, const char *end);

/* From the first character to behind the last of the longest number there; NULL: no number. */
const char *dn_json_number_end(const char *p, const char *end);

/* From the first letter to behind true, false or null; NULL: none of them. */
const char *dn_json_word_end(const char *p, const char *end);

/* Past blanks. */
static inline const char *dn_json_blanks(const char *p, const char *end) {
        while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
                p++;
        return p;
}
