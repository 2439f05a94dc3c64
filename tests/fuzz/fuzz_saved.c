/* SPDX-License-Identifier: GPL-3.0-or-later
 * A whole file, as lines, as CSV or as an array: whatever the bytes, it comes to an end, line numbers never go back,
 * and every record is one line of JSON (but for what Jansson cannot judge). What Jansson takes for an array has an
 * element for each record and each broken one. */
#include "denet/denet.h"
#include "must.h"
#include "utf8_text.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static void check_record(const denet_record *r) {
        json_error_t error;
        size_t n;
        const char *line = denet_record_json(r, &n);
        json_t *value;

        MUST(line && n > 0 && line[n] == '\0' && !memchr(line, '\n', n));
        if (!is_utf8((struct dn_str){line, n}) || memchr(line, '\0', n))
                return;
        value = json_loadb(line, n, 0, &error);
        MUST(value || json_error_code(&error) == json_error_numeric_overflow ||
             json_error_code(&error) == json_error_null_byte_in_key ||
             json_error_code(&error) == json_error_null_character || strstr(error.text, "invalid Unicode"));
        json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        size_t records = 0, broken = 0;
        const denet_record *record;
        uint64_t line = 0, done, total;
        json_t *array;
        denet *d;
        int r;

        MUST(denet_parse(&d, NULL, (const char *)data, size, NULL) == 0);
        while ((r = denet_next(d, -1, &record)) == 1 || r == -EBADMSG) {
                MUST(denet_line(d) >= line);
                line = denet_line(d);
                if (r == 1) {
                        check_record(record);
                        records++;
                } else
                        broken++;
        }
        MUST(r == 0);
        MUST(size == 0 || (denet_progress(d, &done, &total) == 0 && done <= total && total == size));
        denet_free(d);
        if (size == 0 || memchr(data, '\0', size))
                return 0;
        array = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
        if (json_is_array(array))
                MUST(records + broken == json_array_size(array));
        json_decref(array);
        return 0;
}
