/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/spark.h"
#include "common.h"

static void assert_spark(const struct dn_spark *s, int cells, double most, bool utf8, const char *expected) {
        dn_autotext struct dn_text text = {0};

        dn_spark_put(s, &text, cells, most, utf8);
        assert_text_is(&text, expected);
}

static void each_eighth_has_a_sign_of_its_own(void **state) {
        struct dn_spark s = {0};

        for (int i = 0; i < 8; i++)
                dn_spark_add(&s, 2 * i, 2 * i + 2, i + 0.5);
        assert_spark(&s, 8, 8, true, "▁▂▃▄▅▆▇█");
        assert_spark(&s, 8, 8, false, "_.:-=+*#");
}

static void more_than_the_most_is_the_most(void **state) {
        struct dn_spark s = {0};

        dn_spark_add(&s, 0, 2, 9);
        dn_spark_add(&s, 2, 4, -1);
        assert_spark(&s, 2, 8, false, "#_");
}

static void a_cell_is_the_mean_of_two_seconds(void **state) {
        struct dn_spark s = {0};

        for (int i = 0; i < 20; i++)
                dn_spark_add(&s, i * 0.1, (i + 1) * 0.1, i < 10 ? 8 : 0);
        assert_spark(&s, 1, 8, false, "=");
}

static void a_long_interval_fills_all_its_cells(void **state) {
        struct dn_spark s = {0};

        dn_spark_add(&s, 0, 6, 8);
        dn_spark_add(&s, 6, 9, 0);
        assert_spark(&s, 8, 8, false, "   ###__");
}

static void what_is_older_than_the_oldest_cell_is_forgotten(void **state) {
        struct dn_spark s = {0};

        dn_spark_add(&s, 0, 2, 8);
        dn_spark_add(&s, 1000, 1002, 4);
        assert_spark(&s, 4, 8, false, "   =");
        dn_spark_add(&s, 1002, 5000, 8);
        assert_spark(&s, DN_SPARK_CELLS, 8, false, "################################");
}

static void before_the_first_there_are_blanks(void **state) {
        struct dn_spark s = {0};

        assert_spark(&s, 4, 8, true, "    ");
        dn_spark_add(&s, 0, 0.1, 1);
        assert_spark(&s, 4, 8, true, "   ▂");
}

RUN_TESTS(cmocka_unit_test(each_eighth_has_a_sign_of_its_own), cmocka_unit_test(more_than_the_most_is_the_most),
          cmocka_unit_test(a_cell_is_the_mean_of_two_seconds), cmocka_unit_test(a_long_interval_fills_all_its_cells),
          cmocka_unit_test(what_is_older_than_the_oldest_cell_is_forgotten),
          cmocka_unit_test(before_the_first_there_are_blanks))
