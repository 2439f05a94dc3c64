/* SPDX-License-Identifier: GPL-3.0-or-later
 * A line to a record, against Jansson: from a line that is JSON come its values and no others, from one that is none
 * comes no record. And whatever the line, what is made of its record is read again, and is then the same text.
 * Where Jansson cannot judge: bytes that are no UTF-8, lone surrogates, a NUL, a key that comes twice, numbers that fit
 * neither its integer nor a double, and more than DN_SCAN_DEPTH brackets. */
#include "format/csv_write.h"
#include "format/reader.h"
#include "format/summary_json.h"
#include "format/writer.h"
#include "must.h"
#include "utf8_text.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>

static const double time_limit = 4503599627370496.0; /* 2^52: a time beyond is none */

/* The record written anew; nothing for one that is text alone. */
static void rewrite(struct denet_record r, struct dn_text *text) {
        struct dn_writer *w = dn_writer_new();
        struct dn_str line = {0};

        r.text = (struct dn_str){0};
        if (w && (r.kind == DN_TREE || r.kind == DN_SAMPLE || r.kind == DN_EXIT)) {
                line = dn_writer_text(w, &r);
                MUST(line.n > 0);
        }
        dn_text_put(text, line);
        dn_writer_free(w);
}

static void rewriting_changes_nothing(const struct denet_record *r, bool children) {
        struct dn_reader reader = {.children = children};
        struct dn_text once = {0}, twice = {0};
        struct denet_record again;

        rewrite(*r, &once);
        if (once.n > 0) {
                MUST(dn_reader_line(&reader, dn_text_str(&once), &again) == 0);
                MUST(again.kind == r->kind && again.unix_ms == r->unix_ms);
                rewrite(again, &twice);
                MUST(dn_str_equal(dn_text_str(&once), dn_text_str(&twice)));
        }
        dn_text_free(&once);
        dn_text_free(&twice);
        dn_reader_free(&reader);
}

static void fold(struct denet_summary *summary, const struct denet_record *r) {
        struct dn_text text = {0};

        dn_csv_row(&text, r);
        MUST(dn_summary_add(summary, r) == 0);
        dn_summary_write(&text, summary);
        dn_text_free(&text);
}

/* ---------------------------------------------------------------------------------------------- against Jansson */

/* The steps are those of this value; unknown where it is no number, is below 0 or does not fit. */
static void same_number(const json_t *value, int decimals, bool known, int64_t steps) {
        double number = json_is_number(value) ? json_number_value(value) : -1, scaled = number * pow(10, decimals);

        if (!known) {
                MUST(!json_is_number(value) || number < 0 || scaled > 9.2e18);
                return;
        }
        MUST(json_is_number(value));
        if (json_is_integer(value) && decimals == 0)
                MUST(steps == json_integer_value(value));
        else
                MUST(fabs((double)steps - scaled) <= 0.5 + fabs(scaled) * 1e-14);
}

/* Each field of the row has the value of its key in the object, by any name that it ever had. */
static void same_fields(const struct dn_row *row, const json_t *object, int part) {
        for (int id = 0; id < DN_FIELDS; id++) {
                const json_t *value = json_object_get(object, dn_fields[id].name.p);
                int64_t steps = 0;
                bool known = dn_row_get(row, id, &steps);

                if ((id == DN_sys_net_rx_bytes && json_object_get(object, "net_rx_bytes")) ||
                    (id == DN_sys_net_tx_bytes && json_object_get(object, "net_tx_bytes")))
                        continue;
                if (!dn_field_is_written(id, part))
                        MUST(!known);
                else
                        same_number(value, dn_unit_decimals(dn_fields[id].unit), known, steps);
        }
}

static void same_time(const json_t *value, int64_t expected, int64_t instead) {
        bool known = json_is_number(value) && json_number_value(value) >= 0 && json_number_value(value) <= time_limit;

        if (known && json_is_integer(value))
                MUST(expected == json_integer_value(value));
        else if (!known)
                MUST(expected == instead || (json_is_number(value) && json_number_value(value) > -1));
}

static void same_child(const struct dn_row *row, const json_t *child) {
        const json_t *metrics = json_object_get(child, "metrics"), *command = json_object_get(child, "command");
        const json_t *pid = json_object_get(child, "pid");

        if (json_is_object(metrics))
                same_fields(row, metrics, DN_PROCESS);
        else
                MUST(row->has == 0);
        if (json_is_integer(pid) && json_integer_value(pid) >= 0)
                MUST(row->key.pid == json_integer_value(pid));
        MUST(row->name.p[row->name.n] == '\0');
        MUST(dn_str_equal(row->name, json_is_string(command)
                                             ? (struct dn_str){json_string_value(command), json_string_length(command)}
                                             : (struct dn_str){"", 0}));
}

static void same_tree(const struct denet_record *r, const json_t *line, bool children) {
        const struct dn_table *rows = &r->sample->part[DN_PROCESS];
        const json_t *parent = json_object_get(line, "parent"), *list = json_object_get(line, "children"), *child;
        const json_t *whole = json_object_get(line, "aggregated");
        uint32_t n = 0;
        size_t i;

        if (!json_object_get(line, "totals")) { /* which are a whole as well, wherever they stand */
                MUST(!dn_sample_whole(r->sample) == !json_is_object(whole));
                if (json_is_object(whole))
                        same_fields(dn_sample_whole(r->sample), whole, DN_WHOLE);
        }
        MUST(r->sample->main_lives == (children && json_is_object(parent)));
        if (r->sample->main_lives)
                same_fields(dn_table_row(rows, n++), parent, DN_PROCESS);
        json_array_foreach(list, i, child) if (children && json_is_object(child)) {
                MUST(n < rows->n);
                same_child(dn_table_row(rows, n++), child);
        }
        MUST(n == rows->n);
}

static void same_record(const struct denet_record *r, const json_t *line, bool children) {
        const json_t *kind = json_object_get(line, "kind"), *totals = json_object_get(line, "totals");

        MUST(json_is_object(line));
        if (r->kind != DN_METADATA && r->kind != DN_ENV)
                same_time(json_object_get(line, "ts_ms"), r->unix_ms, -1);
        if (r->kind == DN_TREE)
                same_tree(r, line, children);
        if (r->kind == DN_SAMPLE)
                same_fields(dn_table_row(&r->sample->part[DN_PROCESS], 0), line, DN_PROCESS);
        if (kind && r->kind == DN_EXIT && r->sample && json_is_object(totals) && !json_object_get(line, "aggregated"))
                same_fields(dn_sample_whole(r->sample), totals, DN_WHOLE);
}

static bool may_differ(const json_error_t *error) {
        enum json_error_code code = json_error_code(error);

        return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
               code == json_error_duplicate_key || strstr(error->text, "invalid Unicode");
}

/* `r` NULL: the reader refused the line. */
static void as_jansson(struct dn_str line, const struct denet_record *r, bool children) {
        json_error_t error;
        json_t *value;

        if (!is_utf8(line) || memchr(line.p, '\0', line.n) || memmem(line.p, line.n, "\\u0000", 6))
                return;
        value = json_loadb(line.p, line.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
        if (value && r)
                same_record(r, value, children);
        else if (r)
                MUST(may_differ(&error));
        json_decref(value);
}

/* The first byte says whether children are wanted; the lines follow. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dn_reader reader = {.children = size > 0 && data[0] & 1};
        struct dn_str rest = {(const char *)data, size}, line;
        struct denet_summary *summary = dn_summary_new();
        struct denet_record r;

        if (size > 0)
                rest = (struct dn_str){rest.p + 1, rest.n - 1};
        while (summary && dn_str_cut(&rest, '\n', &line)) {
                int result = dn_reader_line(&reader, line, &r);

                MUST(result == 0 || result == -EBADMSG || result == -ENODATA);
                if (line.n > 0)
                        as_jansson(line, result == 0 ? &r : NULL, reader.children);
                if (result < 0)
                        continue;
                fold(summary, &r);
                rewriting_changes_nothing(&r, reader.children);
        }
        dn_summary_free(summary);
        dn_reader_free(&reader);
        return 0;
}
