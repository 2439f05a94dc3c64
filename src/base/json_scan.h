/* SPDX-License-Identifier: GPL-3.0-or-later
 * A pull reader of one JSON text (RFC 8259): no tree, no allocation; the caller asks for what it expects and skips the
 * rest. The first fault sets `failed`, and from then on every call says false, so a whole record may be read before
 * one look at it:
 *
 *         if (dn_scan_object(&scan))
 *                 while (dn_scan_member(&scan, &key))
 *                         if (dn_str_equal(key, DN_STR("pid"))) dn_scan_i64(&scan, &pid); else dn_scan_skip(&scan);
 *         return dn_scan_end(&scan);
 */
#pragma once
#include "base/text.h"

struct dn_scan {
        const char *p, *end;
        bool failed;
        bool first; /* just inside an object or array: no comma is due */
        int depth;  /* of objects and arrays now open, at most DN_SCAN_DEPTH */
};

enum { DN_SCAN_DEPTH = 128 };
enum dn_scan_type {
        DN_SCAN_NONE,
        DN_SCAN_OBJECT,
        DN_SCAN_ARRAY,
        DN_SCAN_STRING,
        DN_SCAN_NUMBER,
        DN_SCAN_TRUE,
        DN_SCAN_FALSE,
        DN_SCAN_NULL
};

static inline struct dn_scan dn_scan_of(struct dn_str text) {
        return (struct dn_scan){.p = text.p, .end = text.p + text.n};
}

enum dn_scan_type dn_scan_peek(struct dn_scan *scan); /* what comes next; nothing is taken */

bool dn_scan_object(struct dn_scan *scan); /* enters one */
/* Takes the next key, as it stands between its quotes (escapes not undone); false at the end of the object, which is
 * then left, and after a fault. The value must be taken or skipped before the next call. */
bool dn_scan_member(struct dn_scan *scan, struct dn_str *ret_key);
bool dn_scan_array(struct dn_scan *scan);   /* enters one */
bool dn_scan_element(struct dn_scan *scan); /* there is one more; false at the end, which is then left */

/* Values. False, without a fault and with the value skipped, where it is of another type or does not fit. */
bool dn_scan_string(struct dn_scan *scan, struct dn_str *ret_raw);          /* as it stands between its quotes */
bool dn_scan_i64(struct dn_scan *scan, int64_t *ret_value);                 /* a whole number; 3.0 and 3e2 are whole */
bool dn_scan_steps(struct dn_scan *scan, int decimals, int64_t *ret_steps); /* in 10^-decimals, 0 to 8, rounded */
bool dn_scan_bool(struct dn_scan *scan, bool *ret_value);
bool dn_scan_raw(struct dn_scan *scan,
                 struct dn_str *ret_json); /* any value, as it is written; validated as skip does */
void dn_scan_skip(struct dn_scan *scan);   /* past any value, strictly validated all the same (json_skip.c) */

/* Only blanks are left, and no fault was met. */
bool dn_scan_end(struct dn_scan *scan);

/* Undoes the escapes of what dn_scan_string or dn_scan_member gave: a lone surrogate becomes U+FFFD. False on a bad
 * escape. */
bool dn_scan_unescape(struct dn_str raw, struct dn_text *text);
