/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/csv_read.h"
#include "format/csv_write.h"
#include "format/reader.h"
#include "records.h"

static struct dn_csv csv;

static void assert_line(const char *row, const char *expected) {
        dn_autotext struct dn_text line = {0};

        assert_int_equal(dn_csv_line(&csv, dn_str_of(row), &line), 0);
        assert_text_is(&line, expected);
}

static int refused(const char *row) {
        dn_autotext struct dn_text line = {0};

        return dn_csv_line(&csv, dn_str_of(row), &line);
}

/* Trees of any numbers in any fields and blocks, as denet writes them. */
static void rows_of_denet_come_back_to_the_bit(void **state) {
        struct dn_reader reader = {0};
        uint64_t seed = 7;
        dn_autotext struct dn_text header = {0};

        dn_csv_header(&header);
        assert_true(dn_csv_begin(&csv, dn_text_str(&header)));
        for (int round = 0; round < 500; round++) {
                dn_autotext struct dn_text row = {0}, line = {0}, again = {0};
                struct denet_record read;
                made_cleanup struct made m;

                make(&m, DN_TREE, true);
                dn_row_set(dn_table_row(&m.sample.part[DN_WHOLE], 0), DN_process_count, 3, 1);
                for (int id = 0; id < DN_ALL_FIELDS; id++) {
                        int part = id < DN_FIELDS ? DN_WHOLE : dn_fields[id].part;
                        struct dn_row *to = part == DN_WHOLE ? dn_table_row(&m.sample.part[DN_WHOLE], 0)
                                                             : dn_block_row(m.sample.part, part);

                        if (dn_field_is_written(id, part) && id != DN_process_count && random_below(&seed, 4))
                                dn_row_set(to, id, (int64_t)(random_next(&seed) >> (1 + random_below(&seed, 62))), 1);
                }
                assert_true(dn_csv_row(&row, &m.record));
                assert_int_equal(dn_csv_line(&csv, dn_text_str(&row), &line), 0);
                assert_int_equal(dn_reader_line(&reader, dn_text_str(&line), &read), 0);
                assert_int_equal(read.kind, DN_AGGREGATED);
                assert_true(dn_csv_row(&again, &read));
                assert_true(dn_str_equal(dn_text_str(&row), dn_text_str(&again)));
        }
        dn_reader_free(&reader);
}

static void columns_are_known_by_name(void **state) {
        assert_true(dn_csv_begin(&csv, DN_STR("host,mem_rss_kb,cgroup.cpu_secs,ts_ms,process_count,elapsed_us\n")));
        assert_line("node17,77,1.5,1000,2,250\n",
                    "{\"kind\":\"aggregated\",\"ts_ms\":1000,\"elapsed_us\":250,"
                    "\"mem_rss_kb\":77,\"process_count\":2,\"cgroup\":{\"cpu_secs\":1.5}}");
        assert_true(dn_csv_begin(&csv, DN_STR("\"ts_ms\",\"net_rx_bytes\"\r\n")));
        assert_line("\"1000\",\"5\"\r\n", "{\"kind\":\"sample\",\"ts_ms\":1000,\"sys_net_rx_bytes\":5}");
}

static void an_empty_cell_is_unknown(void **state) {
        assert_true(dn_csv_begin(&csv, DN_STR("ts_ms,mem_rss_kb,cgroup.cpu_secs,process_count\n")));
        assert_line("1000,,,\n", "{\"kind\":\"sample\",\"ts_ms\":1000}");
        assert_line("1000,\"\",2.0,1\n",
                    "{\"kind\":\"aggregated\",\"ts_ms\":1000,\"process_count\":1,\"cgroup\":{\"cpu_secs\":2.0}}");
}

static void quotes_are_as_in_rfc_4180(void **state) {
        assert_true(dn_csv_begin(&csv, DN_STR("ts_ms,\"a \"\"name\"\", of\nits own\",mem_rss_kb\n")));
        assert_line("1,\"x,\"\"y\"\"\n\",\"7\"\n", "{\"kind\":\"sample\",\"ts_ms\":1,\"mem_rss_kb\":7}");
        assert_int_equal(refused("1,\"x,7\n"), -EBADMSG);
        assert_int_equal(refused("1,\"x\"y,7\n"), -EBADMSG);
        assert_int_equal(refused("1,x\"y\",7\n"), -EBADMSG);
}

static void what_is_no_row_is_refused(void **state) {
        assert_true(dn_csv_begin(&csv, DN_STR("ts_ms,mem_rss_kb\n")));
        assert_int_equal(refused("1\n"), -EBADMSG);
        assert_int_equal(refused("1,2,3\n"), -EBADMSG);
        assert_int_equal(refused("1,abc\n"), -EBADMSG);
        assert_int_equal(refused("1,0x10\n"), -EBADMSG);
        assert_int_equal(refused("1,\"1\"\"\"\n"), -EBADMSG);
        assert_int_equal(refused("\n"), -ENODATA);
        assert_int_equal(refused("ts_ms,mem_rss_kb\n"), -ENODATA);
}

static void a_first_row_has_the_time_and_a_metric(void **state) {
        assert_false(dn_csv_begin(&csv, DN_STR("a,b\n")));
        assert_false(dn_csv_begin(&csv, DN_STR("ts_ms,b\n")));
        assert_false(dn_csv_begin(&csv, DN_STR("mem_rss_kb,b\n")));
        assert_false(dn_csv_begin(&csv, DN_STR("not a table\n")));
}

static void a_newline_in_quotes_is_none(void **state) {
        struct dn_csv_place place = {0};

        assert_int_equal(dn_csv_cut(DN_STR("a,\"b"), &place), 0);
        assert_int_equal(dn_csv_cut(DN_STR("a,\"b\n\"\"c"), &place), 0);
        assert_int_equal(dn_csv_cut(DN_STR("a,\"b\n\"\"c\"\nd"), &place), 10);
}

static void more_columns_than_are_read_are_passed_over(void **state) {
        dn_autotext struct dn_text header = {0}, row = {0};

        dn_text_put(&header, DN_STR("ts_ms,mem_rss_kb"));
        dn_text_put(&row, DN_STR("1,2"));
        for (int i = 0; i < 2 * DN_CSV_COLUMNS; i++) {
                dn_text_put(&header, DN_STR(",fd_count"));
                dn_text_put(&row, DN_STR(",3"));
        }
        assert_true(dn_csv_begin(&csv, dn_text_str(&header)));
        assert_int_equal(refused(dn_text_cstr(&row)), 0);
}

RUN_TESTS(cmocka_unit_test(rows_of_denet_come_back_to_the_bit), cmocka_unit_test(columns_are_known_by_name),
          cmocka_unit_test(an_empty_cell_is_unknown), cmocka_unit_test(quotes_are_as_in_rfc_4180),
          cmocka_unit_test(what_is_no_row_is_refused), cmocka_unit_test(a_first_row_has_the_time_and_a_metric),
          cmocka_unit_test(a_newline_in_quotes_is_none), cmocka_unit_test(more_columns_than_are_read_are_passed_over))
