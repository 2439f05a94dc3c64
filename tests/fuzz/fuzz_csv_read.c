/* SPDX-License-Identifier: GPL-3.0-or-later
 * CSV to records: whatever the rows, a line that comes of one is JSON, and each of its values stands in a cell of that
 * row. What is written of its record as CSV, and read again, is written so again. */
#include "format/csv_read.h"
#include "format/csv_write.h"
#include "format/reader.h"
#include "must.h"

#include <errno.h>
#include <jansson.h>

static void values_stand_in(struct dn_str row, struct dn_str line) {
        struct dn_scan scan = dn_scan_of(line);
        struct dn_str key;
        const char *value;

        MUST(dn_scan_object(&scan));
        while (dn_scan_member(&scan, &key)) {
                if (dn_scan_peek(&scan) == DN_SCAN_OBJECT) {
                        MUST(dn_scan_object(&scan));
                        continue;
                }
                value = scan.p; /* denet leaves no blank before it */
                dn_scan_skip(&scan);
                MUST(!scan.failed);
                if (!dn_str_equal(key, DN_STR("kind")))
                        MUST(memmem(row.p, row.n, value, (size_t)(scan.p - value)));
        }
        MUST(!scan.failed);
}

static void row_comes_back(const struct denet_record *r) {
        struct dn_text once = {0}, line = {0}, twice = {0};
        struct dn_reader reader = {0};
        struct denet_record again;
        struct dn_csv csv;
        struct dn_csv_place place = {0};
        size_t n;

        dn_csv_header(&once);
        n = dn_csv_cut(dn_text_str(&once), &place);
        MUST(n == once.n && dn_csv_begin(&csv, dn_text_str(&once)));
        dn_text_reset(&once);
        if (dn_csv_row(&once, r)) {
                MUST(dn_csv_line(&csv, dn_text_str(&once), &line) == 0);
                MUST(dn_reader_line(&reader, dn_text_str(&line), &again) == 0);
                MUST(dn_csv_row(&twice, &again));
                MUST(dn_str_equal(dn_text_str(&once), dn_text_str(&twice)));
        }
        dn_text_free(&once);
        dn_text_free(&line);
        dn_text_free(&twice);
        dn_reader_free(&reader);
}

static void check_line(struct dn_str row, struct dn_str line) {
        struct dn_reader reader = {0};
        struct denet_record r;
        json_error_t error;
        json_t *value = json_loadb(line.p, line.n, 0, &error);
        int result;

        MUST(value || json_error_code(&error) == json_error_numeric_overflow);
        json_decref(value);
        values_stand_in(row, line);
        result = dn_reader_line(&reader, line, &r);
        MUST(result == 0 || result == -EBADMSG);
        if (result == 0)
                row_comes_back(&r);
        dn_reader_free(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dn_str rest = {(const char *)data, size};
        struct dn_text line = {0};
        struct dn_csv_place place = {0};
        bool begun = false;
        struct dn_csv csv;
        size_t n;

        while ((n = dn_csv_cut(rest, &place)) > 0) {
                struct dn_str row = {rest.p, n};

                MUST(n <= rest.n && row.p[n - 1] == '\n');
                dn_text_reset(&line);
                if (!begun)
                        begun = dn_csv_begin(&csv, row);
                else if (dn_csv_line(&csv, row, &line) == 0)
                        check_line(row, dn_text_str(&line));
                rest = (struct dn_str){rest.p + n, rest.n - n};
                place = (struct dn_csv_place){0};
        }
        dn_text_free(&line);
        return 0;
}
