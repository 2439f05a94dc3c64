/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json_number.h"
#include "common.h"

/* The text with what may stand behind it; only a number that is taken whole moves on. */
static const char *take(const char *text, int decimals, int64_t *ret_steps) {
        static char room[128];
        const char *behind;

        memset(room, '7', sizeof(room));
        for (size_t i = 0; text[i]; i++)
                room[i] = text[i];
        behind = dn_json_fixed(room, decimals, ret_steps);
        if (behind)
                assert_int_equal(behind - room, strlen(text) - 1);
        return behind;
}

static void assert_steps(const char *text, int decimals, int64_t expected) {
        int64_t steps = -1;

        assert_non_null(take(text, decimals, &steps));
        assert_int_equal(steps, expected);
}

static void refuses(const char *text, int decimals) {
        int64_t steps = -1;

        assert_null(take(text, decimals, &steps));
        assert_int_equal(steps, -1);
}

static void whole_numbers_up_to_fifteen_digits_are_taken(void **state) {
        char text[32];
        int64_t value = 0;

        assert_steps("0,", 0, 0);
        for (int digits = 1; digits <= 15; digits++) {
                value = value * 10 + digits % 10;
                snprintf(text, sizeof(text), "%lld%c", (long long)value, digits % 2 ? ',' : '}');
                assert_steps(text, 0, value);
        }
        assert_steps("99999999,", 0, 99999999);
        assert_steps("100000000,", 0, 100000000);
        assert_steps("999999999999999}", 0, 999999999999999);
}

static void fractions_are_taken_up_to_the_step(void **state) {
        assert_steps("0.0,", 2, 0);
        assert_steps("12.34,", 2, 1234);
        assert_steps("12.3}", 2, 1230);
        assert_steps("7,", 2, 700);
        assert_steps("0.000001,", 6, 1);
        assert_steps("99999999.999999,", 6, 99999999999999);
        assert_steps("1.12345678,", 8, 112345678);
}

static void any_fixed_number_comes_back(void **state) {
        uint64_t seed = 5;
        dn_autotext struct dn_text text = {0};

        for (int i = 0; i < 100000; i++) {
                static const int decimals[] = {0, 2, 6};
                static const int64_t limits[] = {1000000000000000, 10000000000, 100000000000000};
                uint32_t which = random_below(&seed, 3);
                int64_t value = (int64_t)(random_next(&seed) >> (1 + random_below(&seed, 62))) % limits[which];

                dn_text_reset(&text);
                dn_text_put_fixed(&text, value, decimals[which]);
                dn_text_put_char(&text, ',');
                assert_steps(dn_text_cstr(&text), decimals[which], value);
        }
}

static void what_is_of_another_form_is_left(void **state) {
        refuses("01,", 0);
        refuses("00000000,", 0);
        refuses("-1,", 0);
        refuses(",", 0);
        refuses("1.5,", 0);
        refuses("1.,", 2);
        refuses("1.234,", 2);
        refuses("1e5,", 0);
        refuses("1.5e3,", 2);
        refuses("1 ,", 0);
        refuses("1]", 0);
        refuses("1234567890123456,", 0);
        refuses("123456789.5,", 6);
        refuses("\xb1,", 0);
        refuses("1\xb0,", 0);
}

RUN_TESTS(cmocka_unit_test(whole_numbers_up_to_fifteen_digits_are_taken),
          cmocka_unit_test(fractions_are_taken_up_to_the_step), cmocka_unit_test(any_fixed_number_comes_back),
          cmocka_unit_test(what_is_of_another_form_is_left))
