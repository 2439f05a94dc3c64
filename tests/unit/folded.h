/* SPDX-License-Identifier: GPL-3.0-or-later
 * The summary of lines, as stats and the library fold them. */
#pragma once
#include "common.h"
#include "format/reader.h"
#include "format/summary_json.h"

/* Freed with dn_summary_free. */
static inline struct denet_summary *folded(const char *const *lines, size_t n) {
        struct denet_summary *s = dn_summary_new();
        struct dn_reader reader = {0};

        for (size_t i = 0; i < n; i++) {
                struct denet_record record;

                assert_int_equal(dn_reader_line(&reader, dn_str_of(lines[i]), &record), 0);
                assert_int_equal(dn_summary_add(s, &record), 0);
        }
        dn_reader_free(&reader);
        return s;
}
