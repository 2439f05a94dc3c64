/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"

static void assert_fixed(int64_t steps, int decimals, const char *expected) {
        dn_autotext struct dn_text text = {0};

        dn_text_put_fixed(&text, steps, decimals);
        assert_text_is(&text, expected);
}

static void pieces_stand_one_behind_the_other(void **state) {
        dn_autotext struct dn_text text = {0};

        dn_text_put(&text, DN_STR("a"));
        dn_text_put(&text, DN_STR(""));
        dn_text_put_char(&text, 'b');
        dn_text_put_u64(&text, UINT64_MAX);
        dn_text_put_i64(&text, INT64_MIN);
        dn_text_printf(&text, "%s-%d", "c", 7);
        assert_text_is(&text, "ab18446744073709551615-9223372036854775808c-7");
}

static void numbers_have_all_their_digits(void **state) {
        uint64_t value = 0;

        for (int digits = 1; digits < 20; digits++) {
                dn_autotext struct dn_text text = {0};
                char expected[24];

                value = value * 10 + (uint64_t)digits % 10;
                snprintf(expected, sizeof(expected), "%llu", (unsigned long long)value);
                dn_text_put_u64(&text, value);
                assert_text_is(&text, expected);
        }
}

static void fixed_point_leaves_zeros_at_the_end_out(void **state) {
        assert_fixed(1230, 3, "1.23");
        assert_fixed(1000, 3, "1.0");
        assert_fixed(0, 2, "0.0");
        assert_fixed(7, 0, "7");
}

static void fixed_point_keeps_zeros_behind_the_point(void **state) {
        assert_fixed(5, 6, "0.000005");
        assert_fixed(1000005, 6, "1.000005");
}

static void fixed_point_goes_to_the_ends_of_its_range(void **state) {
        assert_fixed(-1, 2, "-0.01");
        assert_fixed(INT64_MIN, 6, "-9223372036854.775808");
        assert_fixed(INT64_MAX, 6, "9223372036854.775807");
}

static void a_failure_is_remembered_and_nothing_more_is_taken(void **state) {
        dn_autotext struct dn_text text = {0};

        dn_text_put(&text, DN_STR("kept"));
        assert_null(dn_text_reserve(&text, SIZE_MAX));
        dn_text_put(&text, DN_STR("not taken"));
        assert_true(text.failed);
        assert_int_equal(text.n, 4);
        assert_null(dn_text_cstr(&text));
        dn_text_reset(&text);
        dn_text_put(&text, DN_STR("again"));
        assert_text_is(&text, "again");
}

static void what_is_taken_is_the_callers(void **state) {
        dn_autofree char *taken = NULL;
        struct dn_text text = {0};

        dn_text_put(&text, DN_STR("mine"));
        taken = dn_text_take(&text);
        assert_string_equal(taken, "mine");
        assert_null(text.p);
        assert_int_equal(text.n, 0);
}

RUN_TESTS(cmocka_unit_test(pieces_stand_one_behind_the_other), cmocka_unit_test(numbers_have_all_their_digits),
          cmocka_unit_test(fixed_point_leaves_zeros_at_the_end_out),
          cmocka_unit_test(fixed_point_keeps_zeros_behind_the_point),
          cmocka_unit_test(fixed_point_goes_to_the_ends_of_its_range),
          cmocka_unit_test(a_failure_is_remembered_and_nothing_more_is_taken),
          cmocka_unit_test(what_is_taken_is_the_callers))
