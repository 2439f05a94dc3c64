/* SPDX-License-Identifier: GPL-3.0-or-later
 * The scanner against Jansson: the same texts are JSON, and have the same values. Where the two may differ:
 * Jansson refuses bytes that are no UTF-8, lone surrogates, a NUL in a key, a key that comes twice (as it is asked to
 * here), and numbers that fit neither its integer nor a double, and takes a NUL for the end of the text; the scanner
 * refuses more than DN_SCAN_DEPTH brackets. */
#include "base/json_scan.h"
#include "must.h"
#include "utf8_text.h"

#include <jansson.h>
#include <math.h>

static void same_value(struct dn_scan *scan, const json_t *value);

static void same_object(struct dn_scan *scan, const json_t *value) {
        struct dn_str raw;
        size_t n = 0;

        MUST(dn_scan_object(scan));
        while (dn_scan_member(scan, &raw)) {
                struct dn_text key = {0};

                MUST(dn_scan_unescape(raw, &key));
                same_value(scan, json_object_get(value, dn_text_cstr(&key)));
                dn_text_free(&key);
                n++;
        }
        MUST(n == json_object_size(value));
}

static void same_array(struct dn_scan *scan, const json_t *value) {
        size_t n = 0;

        MUST(dn_scan_array(scan));
        while (dn_scan_element(scan))
                same_value(scan, json_array_get(value, n++));
        MUST(n == json_array_size(value));
}

static void same_string(struct dn_scan *scan, const json_t *value) {
        struct dn_str expected = {json_string_value(value), json_string_length(value)}, raw;
        struct dn_text text = {0};

        MUST(dn_scan_string(scan, &raw));
        MUST(dn_scan_unescape(raw, &text));
        MUST(dn_str_equal(dn_text_str(&text), expected));
        dn_text_free(&text);
}

static void same_real(struct dn_scan *scan, double expected) {
        struct dn_scan again = *scan;
        int64_t steps;

        for (int decimals = 0; decimals <= 6; decimals++) {
                double scaled = expected * pow(10, decimals);

                again = *scan;
                if (dn_scan_steps(&again, decimals, &steps))
                        MUST(fabs((double)steps - scaled) <= 0.5 + fabs(scaled) * 1e-14);
                else
                        MUST(fabs(scaled) > 9.2e18);
                MUST(!again.failed);
        }
        *scan = again;
}

static void same_integer(struct dn_scan *scan, json_int_t expected) {
        int64_t value;

        MUST(dn_scan_i64(scan, &value));
        MUST(value == expected);
}

static void same_bool(struct dn_scan *scan, bool expected) {
        bool value;

        MUST(dn_scan_bool(scan, &value));
        MUST(value == expected);
}

static void same_value(struct dn_scan *scan, const json_t *value) {
        struct dn_scan skipping = *scan;

        MUST(value);
        dn_scan_skip(&skipping);
        switch (json_typeof(value)) {
        case JSON_OBJECT: same_object(scan, value); break;
        case JSON_ARRAY: same_array(scan, value); break;
        case JSON_STRING: same_string(scan, value); break;
        case JSON_INTEGER: same_integer(scan, json_integer_value(value)); break;
        case JSON_REAL: same_real(scan, json_real_value(value)); break;
        case JSON_TRUE:
        case JSON_FALSE: same_bool(scan, json_is_true(value)); break;
        case JSON_NULL: MUST(dn_scan_peek(scan) == DN_SCAN_NULL); dn_scan_skip(scan);
        }
        MUST(!scan->failed && !skipping.failed && scan->p == skipping.p);
}

static bool is_too_deep(struct dn_str s) {
        int brackets = 0;

        for (size_t i = 0; i < s.n; i++)
                brackets += s.p[i] == '[' || s.p[i] == '{';
        return brackets > DN_SCAN_DEPTH;
}

static bool may_differ(const json_error_t *error) {
        enum json_error_code code = json_error_code(error);

        return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
               code == json_error_duplicate_key || strstr(error->text, "invalid Unicode");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dn_str text = {(const char *)data, size};
        struct dn_scan skipping = dn_scan_of(text), scan = skipping;
        json_error_t error;
        json_t *value;
        bool valid;

        dn_scan_skip(&skipping);
        valid = dn_scan_end(&skipping);
        if (!is_utf8(text) || is_too_deep(text) || (size > 0 && memchr(data, '\0', size)))
                return 0;
        value = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
        if (!value) {
                MUST(!valid || may_differ(&error));
                return 0;
        }
        MUST(valid);
        same_value(&scan, value);
        MUST(dn_scan_end(&scan));
        json_decref(value);
        return 0;
}
