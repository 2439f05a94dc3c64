/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/csv_read.h"
#include "base/json_skip.h"
#include "format/csv_write.h"
#include "format/legacy.h"
#include "model/field.h"

#include <errno.h>

enum { NOTHING = -1, TS = -2, ELAPSED = -3 };

size_t dn_csv_cut(struct dn_str text, struct dn_csv_place *place) {
        for (; place->looked < text.n; place->looked++) {
                char c = text.p[place->looked];

                place->quoted ^= c == '"';
                if (c == '\n' && !place->quoted)
                        return place->looked + 1;
        }
        return 0;
}

/* Cuts a cell and the comma behind it off the front, the quotes around it taken away. False: the quotes are not as
 * they must be. Quotes within it stay doubled: no name and no number has any. */
static bool take_cell(struct dn_str *rest, struct dn_str *ret_cell) {
        const char *p = rest->p, *end = p + rest->n, *from = p;

        if (rest->n > 0 && *p == '"') {
                from = ++p;
                while (p < end && (*p != '"' || (p + 1 < end && p[1] == '"')))
                        p += *p == '"' ? 2 : 1;
                if (p >= end)
                        return false;
                *ret_cell = (struct dn_str){from, (size_t)(p - from)};
                p++;
        } else {
                while (p < end && *p != ',' && *p != '"')
                        p++;
                *ret_cell = dn_str_trim((struct dn_str){from, (size_t)(p - from)});
        }
        if (p < end && *p != ',')
                return false;
        *rest = (struct dn_str){p, (size_t)(end - p)};
        return true;
}

static struct dn_str without_newline(struct dn_str row) {
        while (row.n > 0 && (row.p[row.n - 1] == '\n' || row.p[row.n - 1] == '\r'))
                row.n--;
        return row;
}

/* The cells of a row; how many, or -EBADMSG. */
static int split(struct dn_str row, struct dn_str cells[DN_CSV_COLUMNS]) {
        struct dn_str rest = without_newline(row), cell;
        int n = 0;

        for (;;) {
                if (!take_cell(&rest, &cell))
                        return -EBADMSG;
                if (n < DN_CSV_COLUMNS)
                        cells[n] = cell;
                n++;
                if (rest.n == 0)
                        return n;
                rest = (struct dn_str){rest.p + 1, rest.n - 1};
        }
}

static int16_t column_of(struct dn_str name) {
        int id;

        if (dn_str_equal(name, DN_STR("ts_ms")))
                return TS;
        if (dn_str_equal(name, DN_STR("elapsed_us")))
                return ELAPSED;
        id = dn_field_find(name);
        if (id < 0)
                id = dn_legacy_field(name);
        return (int16_t)(id >= 0 && (id < DN_FIELDS || dn_csv_has(id)) ? id : NOTHING);
}

bool dn_csv_begin(struct dn_csv *csv, struct dn_str row) {
        struct dn_str cells[DN_CSV_COLUMNS];
        bool ts = false, field = false;
        int n = split(row, cells);

        if (n < 0)
                return false;
        csv->n = (size_t)n;
        for (int i = 0; i < n && i < DN_CSV_COLUMNS; i++) {
                csv->column[i] = column_of(cells[i]);
                ts |= csv->column[i] == TS;
                field |= csv->column[i] >= 0;
        }
        return ts && field;
}

static bool is_number(struct dn_str cell) {
        return dn_json_number_end(cell.p, cell.p + cell.n) == cell.p + cell.n;
}

/* All of them are numbers, or nothing; the first row again is neither. */
static int check(const struct dn_csv *csv, const struct dn_str *cells, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (csv->column[i] == TS && dn_str_equal(cells[i], DN_STR("ts_ms")))
                        return -ENODATA;
                if (csv->column[i] != NOTHING && cells[i].n > 0 && !is_number(cells[i]))
                        return -EBADMSG;
        }
        return 0;
}

static void put_member(struct dn_text *line, struct dn_str name, struct dn_str value) {
        if (line->n > 0 && line->p[line->n - 1] != '{')
                dn_text_put_char(line, ',');
        dn_text_put_char(line, '"');
        dn_text_put(line, name);
        dn_text_put(line, DN_STR("\":"));
        dn_text_put(line, value);
}

/* What a cell is of: TS, ELAPSED, DN_WHOLE, or a block. */
static int kind_of(int id) {
        return id < 0 ? id : dn_fields[id].part < DN_BLOCKS ? DN_WHOLE : dn_fields[id].part;
}

/* The cells that are of this kind. */
static void put_cells(const struct dn_csv *csv, const struct dn_str *cells, size_t n, int what, struct dn_text *line) {
        for (size_t i = 0; i < n; i++) {
                int id = csv->column[i];

                if (id == NOTHING || kind_of(id) != what || cells[i].n == 0)
                        continue;
                put_member(line,
                           id == TS        ? DN_STR("ts_ms")
                           : id == ELAPSED ? DN_STR("elapsed_us")
                                           : dn_fields[id].name,
                           cells[i]);
        }
}

/* There is a cell of this block, or of one within it. */
static bool has_cells(const struct dn_csv *csv, const struct dn_str *cells, size_t n, int part) {
        for (size_t i = 0; i < n; i++) {
                int in = csv->column[i] == NOTHING || cells[i].n == 0 ? DN_NOTHING : kind_of(csv->column[i]);

                while (in >= DN_BLOCKS && in != part)
                        in = dn_block(in)->of;
                if (in == part)
                        return true;
        }
        return false;
}

/* The blocks that stand in this one, or at the top. */
static void put_blocks(const struct dn_csv *csv, const struct dn_str *cells, size_t n, int of, struct dn_text *line) {
        for (int part = DN_BLOCKS; part < DN_PARTS; part++) {
                if (dn_block(part)->of != of || !has_cells(csv, cells, n, part))
                        continue;
                put_member(line, dn_part_name(part), DN_STR("{"));
                put_cells(csv, cells, n, part, line);
                put_blocks(csv, cells, n, part, line);
                dn_text_put_char(line, '}');
        }
}

static bool is_tree(const struct dn_csv *csv, const struct dn_str *cells, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (csv->column[i] == DN_process_count && cells[i].n > 0)
                        return true;
        return false;
}

int dn_csv_line(const struct dn_csv *csv, struct dn_str row, struct dn_text *line) {
        struct dn_str cells[DN_CSV_COLUMNS];
        int n = split(row, cells), r;
        size_t used;

        if (without_newline(row).n == 0)
                return -ENODATA;
        if (n < 0 || (size_t)n != csv->n)
                return -EBADMSG;
        used = csv->n < DN_CSV_COLUMNS ? csv->n : DN_CSV_COLUMNS;
        r = check(csv, cells, used);
        if (r < 0)
                return r;
        dn_text_put(line,
                    is_tree(csv, cells, used) ? DN_STR("{\"kind\":\"aggregated\"") : DN_STR("{\"kind\":\"sample\""));
        put_cells(csv, cells, used, TS, line);
        put_cells(csv, cells, used, ELAPSED, line);
        put_cells(csv, cells, used, DN_WHOLE, line);
        put_blocks(csv, cells, used, DN_NOTHING, line);
        dn_text_put_char(line, '}');
        return line->failed ? -ENOMEM : 0;
}
