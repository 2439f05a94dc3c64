/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/quantity.h"
#include "common.h"

static void assert_put(void (*put)(struct dn_text *, double), double value, const char *expected) {
        dn_autotext struct dn_text text = {0};

        put(&text, value);
        assert_text_is(&text, expected);
}

static void times_have_the_forms_of_the_design(void **state) {
        assert_put(dn_put_seconds, 0.00041, "0.41 ms");
        assert_put(dn_put_seconds, 9.2, "9.20 s");
        assert_put(dn_put_seconds, 723, "12 min 03 s");
        assert_put(dn_put_seconds, 9683.7, "2 h 41 min");
        assert_put(dn_put_seconds, 3 * 86400 + 4 * 3600 + 59 * 60, "3 d 04 h");
        assert_put(dn_put_seconds, 0, "0.00 ms");
        assert_put(dn_put_seconds, 0.01, "0.01 s");
        assert_put(dn_put_seconds, 60.3, "60.3 s");
}

static void bytes_have_the_forms_of_the_design(void **state) {
        assert_put(dn_put_bytes, 812, "812 B");
        assert_put(dn_put_bytes, 21.3 * 1048576, "21.3 MiB");
        assert_put(dn_put_bytes, 14.1 * 1073741824, "14.1 GiB");
        assert_put(dn_put_bytes, 0, "0 B");
}

static void counts_have_the_forms_of_the_design(void **state) {
        assert_put(dn_put_count, 812, "812");
        assert_put(dn_put_count, 812000, "812 k");
        assert_put(dn_put_count, 9100000, "9.10 M");
}

static void what_rounds_up_to_a_fourth_digit_goes_to_the_next_unit(void **state) {
        assert_put(dn_put_bytes, 999.4, "999 B");
        assert_put(dn_put_bytes, 999.5, "0.98 KiB");
        assert_put(dn_put_bytes, 999.6 * 1024, "0.98 MiB");
        assert_put(dn_put_count, 999499, "999 k");
        assert_put(dn_put_count, 999600, "1.00 M");
        assert_put(dn_put_cores, 9.996, "10.0");
        assert_put(dn_put_cores, 99.96, "100");
        assert_put(dn_put_seconds, 99.96, "1 min 40 s");
        assert_put(dn_put_seconds, 3599.6, "1 h 00 min");
        assert_put(dn_put_seconds, 86399.9, "1 d 00 h");
}

RUN_TESTS(cmocka_unit_test(times_have_the_forms_of_the_design), cmocka_unit_test(bytes_have_the_forms_of_the_design),
          cmocka_unit_test(counts_have_the_forms_of_the_design),
          cmocka_unit_test(what_rounds_up_to_a_fourth_digit_goes_to_the_next_unit))
