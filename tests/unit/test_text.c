/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"

#include <inttypes.h>

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

/* Numbers of every length, and those about which a length changes. */
static uint64_t any_number(uint64_t *random) {
        static const uint64_t edges[] = {
                0, 1, 9, 10, 99, 100, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_C(1) << 63};
        uint64_t power = 1;

        switch (random_below(random, 4)) {
        case 0: return edges[random_below(random, DN_COUNT(edges))];
        case 1:
                for (uint32_t i = random_below(random, 20); i > 0; i--)
                        power *= 10;
                return power + random_below(random, 3) - 1;
        default: return random_next(random) >> random_below(random, 64);
        }
}

static void any_whole_number_is_as_printf_has_it(void **state) {
        char put[DN_NUMBER_MAX], expected[DN_NUMBER_MAX];
        uint64_t random = 1;

        for (int i = 0; i < 1000000; i++) {
                uint64_t value = any_number(&random);
                char *end = dn_put_u64(put, value);
                int n = snprintf(expected, sizeof(expected), "%" PRIu64, value);

                assert_int_equal(end - put, n);
                assert_memory_equal(put, expected, (size_t)n);
        }
}

/* The digits by printf; then the zeros at the end are taken away but for one. */
static size_t print_fixed(char *p, size_t room, int64_t steps, int decimals) {
        uint64_t magnitude = steps < 0 ? 0 - (uint64_t)steps : (uint64_t)steps, scale = 1;
        size_t n;

        for (int i = 0; i < decimals; i++)
                scale *= 10;
        n = (size_t)snprintf(p, room, "%s%" PRIu64, steps < 0 ? "-" : "", magnitude / scale);
        if (decimals == 0)
                return n;
        n += (size_t)snprintf(p + n, room - n, ".%0*" PRIu64, decimals, magnitude % scale);
        while (p[n - 1] == '0' && p[n - 2] != '.')
                n--;
        return n;
}

static void any_fixed_point_number_is_as_printf_has_it(void **state) {
        char put[DN_NUMBER_MAX], expected[2 * DN_NUMBER_MAX];
        uint64_t random = 2;

        for (int i = 0; i < 1000000; i++) {
                int64_t steps = (int64_t)any_number(&random);
                int decimals = i % 19;
                size_t n = print_fixed(expected, sizeof(expected), steps, decimals);
                char *end = dn_put_fixed(put, steps, decimals);

                if ((size_t)(end - put) != n || memcmp(put, expected, n) != 0)
                        fail_msg("%" PRId64 " of %d decimals: %.*s", steps, decimals, (int)(end - put), put);
        }
}

RUN_TESTS(cmocka_unit_test(pieces_stand_one_behind_the_other), cmocka_unit_test(numbers_have_all_their_digits),
          cmocka_unit_test(fixed_point_leaves_zeros_at_the_end_out),
          cmocka_unit_test(fixed_point_keeps_zeros_behind_the_point),
          cmocka_unit_test(fixed_point_goes_to_the_ends_of_its_range),
          cmocka_unit_test(a_failure_is_remembered_and_nothing_more_is_taken),
          cmocka_unit_test(what_is_taken_is_the_callers), cmocka_unit_test(any_whole_number_is_as_printf_has_it),
          cmocka_unit_test(any_fixed_point_number_is_as_printf_has_it))
