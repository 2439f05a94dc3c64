/* SPDX-License-Identifier: GPL-3.0-or-later
 * Texts of a line without their escapes, each ending in NUL, in one place that never moves. Part of the reader. */
#pragma once
#include "base/json_scan.h"

/* `text` is kept from one to the next. */
struct dn_texts {
        struct dn_text *text;
        size_t line_size;
        bool no_memory;
};

/* The string that comes next; the empty one where it is another type, or there is no memory. */
struct dn_str dn_texts_take(struct dn_texts *texts, struct dn_scan *scan);
/* A copy of one that has no escapes. */
struct dn_str dn_texts_keep(struct dn_texts *texts, struct dn_str plain);
