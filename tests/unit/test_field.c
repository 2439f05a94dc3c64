/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"

static void every_written_field_is_found_by_its_name(void **state) {
        for (int id = 0; id < DN_FIELDS; id++) {
                assert_true(dn_fields[id].name.n > 0);
                assert_int_equal(dn_field_find(dn_fields[id].name), dn_fields[id].nature == DN_INNER ? -ENOENT : id);
        }
        assert_int_equal(dn_field_find(DN_STR("mem_rss")), -ENOENT);
        assert_int_equal(dn_field_find(DN_STR("mem_rss_kb")), DN_mem_rss_kb);
}

static void the_hint_changes_no_answer(void **state) {
        uint64_t seed = 5;
        int hint = 0;

        for (int i = 0; i < 10000; i++) {
                int id = (int)random_below(&seed, DN_FIELDS);

                assert_int_equal(dn_field_find_next(dn_fields[id].name, &hint), dn_field_find(dn_fields[id].name));
                if (i % 100 == 0)
                        hint = (int)random_below(&seed, 3 * DN_FIELDS) - DN_FIELDS;
        }
        assert_int_equal(dn_field_find_next(DN_STR("nothing"), &hint), -ENOENT);
}

static void an_inner_field_completes_the_total_that_it_names(void **state) {
        assert_int_equal(dn_field_reaped(DN_cpu_user_secs), DN_reaped_cpu_user_secs);
        assert_int_equal(dn_field_reaped(DN_page_faults_disk), DN_reaped_page_faults_disk);
        assert_int_equal(dn_field_reaped(DN_mem_rss_kb), DN_NOTHING);
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].tree == DN_TOTAL)
                        assert_true(dn_field_reaped(id) >= 0);
}

static void what_is_written_depends_on_the_part(void **state) {
        assert_true(dn_field_is_written(DN_cpu_core, DN_PROCESS));
        assert_false(dn_field_is_written(DN_cpu_core, DN_WHOLE));
        assert_false(dn_field_is_written(DN_process_count, DN_PROCESS));
        assert_true(dn_field_is_written(DN_process_count, DN_WHOLE));
        assert_false(dn_field_is_written(DN_state, DN_PROCESS));
}

static void every_unit_has_a_name_and_a_step(void **state) {
        for (int unit = 0; unit < DN_UNITS; unit++)
                assert_non_null(dn_unit_name(unit));
        assert_int_equal(dn_unit_decimals(DN_SECONDS), 6);
        assert_int_equal(dn_unit_decimals(DN_PERCENT), 2);
        assert_int_equal(dn_unit_decimals(DN_BYTES), 0);
}

RUN_TESTS(cmocka_unit_test(every_written_field_is_found_by_its_name), cmocka_unit_test(the_hint_changes_no_answer),
          cmocka_unit_test(an_inner_field_completes_the_total_that_it_names),
          cmocka_unit_test(what_is_written_depends_on_the_part), cmocka_unit_test(every_unit_has_a_name_and_a_step))
