/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/csv_write.h"
#include "records.h"

static int commas(struct dn_str line) {
        int n = 0;

        for (size_t i = 0; i < line.n; i++)
                n += line.p[i] == ',';
        return n;
}

static void the_header_names_every_field_of_the_whole(void **state) {
        dn_autotext struct dn_text text = {0};
        struct dn_str rest, name;

        dn_csv_header(&text);
        assert_true(dn_str_ends(dn_text_str(&text), DN_STR("\n")));
        rest = dn_str_trim(dn_text_str(&text));
        assert_true(dn_str_cut(&rest, ',', &name));
        assert_str_is(name, "ts_ms");
        assert_true(dn_str_cut(&rest, ',', &name));
        assert_str_is(name, "elapsed_us");
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_field_is_written(id, DN_WHOLE)) {
                        assert_true(dn_str_cut(&rest, ',', &name));
                        assert_true(dn_str_equal(name, dn_fields[id].name));
                }
        for (int id = DN_FIELDS; id < DN_ALL_FIELDS; id++) {
                if (!dn_csv_has(id))
                        continue;
                assert_true(dn_str_cut(&rest, ',', &name));
                assert_int_equal(dn_field_find(name), id);
        }
        assert_int_equal(rest.n, 0);
}

static void a_row_has_a_cell_a_field_and_an_empty_one_for_the_unknown(void **state) {
        dn_autotext struct dn_text header = {0}, text = {0};
        made_cleanup struct made m;
        struct dn_row *whole;

        make(&m, DN_TREE, true);
        whole = dn_table_row(&m.sample.part[DN_WHOLE], 0);
        dn_row_set(whole, DN_cpu_usage, 1250, 1);
        dn_row_set(whole, DN_mem_vms_kb, 3, 1);
        dn_csv_header(&header);
        assert_true(dn_csv_row(&text, &m.record));
        assert_true(dn_str_starts(dn_text_str(&text), DN_STR("1000,250,12.5,,3,,")));
        assert_true(dn_str_ends(dn_text_str(&text), DN_STR(",\n")));
        assert_int_equal(commas(dn_text_str(&text)), commas(dn_text_str(&header)));
        dn_text_reset(&text);
        m.sample.elapsed_us = -1;
        assert_true(dn_csv_row(&text, &m.record));
        assert_true(dn_str_starts(dn_text_str(&text), DN_STR("1000,,12.5,")));
}

static void a_record_that_is_no_sample_has_no_row(void **state) {
        dn_autotext struct dn_text text = {0};
        made_cleanup struct made m;

        make(&m, DN_EXIT, false);
        assert_false(dn_csv_row(&text, &m.record));
        m.record = (struct denet_record){.kind = DN_CHILD, .text = DN_STR("{}")};
        assert_false(dn_csv_row(&text, &m.record));
        m.sample.part[DN_WHOLE].n = 0;
        m.record = (struct denet_record){.kind = DN_TREE, .sample = &m.sample};
        assert_false(dn_csv_row(&text, &m.record));
        assert_int_equal(text.n, 0);
}

RUN_TESTS(cmocka_unit_test(the_header_names_every_field_of_the_whole),
          cmocka_unit_test(a_row_has_a_cell_a_field_and_an_empty_one_for_the_unknown),
          cmocka_unit_test(a_record_that_is_no_sample_has_no_row))
