/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/utf8.h"
#include "common.h"

#define R "\xef\xbf\xbd"

static void assert_becomes(struct dn_str bytes, const char *expected) {
        dn_autotext struct dn_text text = {0};

        dn_utf8_put(&text, bytes);
        assert_text_is(&text, expected);
}

static void valid_text_stays_as_it_is(void **state) {
        assert_becomes(DN_STR(""), "");
        assert_becomes(DN_STR("plain ASCII, longer than a word"), "plain ASCII, longer than a word");
        assert_becomes(DN_STR("grün, 日本, 😀, and so on"), "grün, 日本, 😀, and so on");
        assert_becomes(DN_STR("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"), "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void a_bad_byte_becomes_one_replacement(void **state) {
        assert_becomes(DN_STR("a\xff"
                              "b"),
                       "a" R "b");
        assert_becomes(DN_STR("\x80\x80"), R R);
        assert_becomes(DN_STR("\xc0\xaf"), R R);
}

static void a_cut_sequence_becomes_one_replacement(void **state) {
        assert_becomes(DN_STR("\xe2\x82"), R);
        assert_becomes(DN_STR("\xf0\x9f\x98"), R);
        assert_becomes(DN_STR("\xe2\x82z"), R "z");
        assert_becomes(DN_STR("\xf0\x9f\x98\xe2\x82\xac"), R "€");
}

static void overlong_surrogate_and_too_large_are_replaced_byte_by_byte(void **state) {
        assert_becomes(DN_STR("\xe0\x80\x80"), R R R);
        assert_becomes(DN_STR("\xed\xa0\x80"), R R R);
        assert_becomes(DN_STR("\xf4\x90\x80\x80"), R R R R);
        assert_becomes(DN_STR("\xf8\x88\x80\x80\x80"), R R R R R);
}

static void length_is_that_of_the_valid_sequence(void **state) {
        assert_int_equal(dn_utf8_length(DN_STR("")), 0);
        assert_int_equal(dn_utf8_length(DN_STR("az")), 1);
        assert_int_equal(dn_utf8_length(DN_STR("üz")), 2);
        assert_int_equal(dn_utf8_length(DN_STR("€z")), 3);
        assert_int_equal(dn_utf8_length(DN_STR("😀z")), 4);
        assert_int_equal(dn_utf8_length(DN_STR("\xc3")), 0);
        assert_int_equal(dn_utf8_length(DN_STR("\xff")), 0);
}

/* Whatever goes in, what comes out is valid, and valid text is a fixed point. */
static void every_output_is_valid(void **state) {
        uint64_t seed = 1;

        for (int round = 0; round < 20000; round++) {
                dn_autotext struct dn_text once = {0}, twice = {0};
                char bytes[24];
                size_t n = random_below(&seed, sizeof(bytes));
                struct dn_str rest;

                for (size_t i = 0; i < n; i++)
                        bytes[i] = (char)(random_below(&seed, 3) ? 0x80 + random_below(&seed, 0x80) : 'a');
                dn_utf8_put(&once, (struct dn_str){bytes, n});
                for (rest = dn_text_str(&once); rest.n > 0;) {
                        size_t length = dn_utf8_length(rest);

                        assert_true(length > 0);
                        rest = (struct dn_str){rest.p + length, rest.n - length};
                }
                dn_utf8_put(&twice, dn_text_str(&once));
                assert_true(dn_str_equal(dn_text_str(&once), dn_text_str(&twice)));
        }
}

RUN_TESTS(cmocka_unit_test(valid_text_stays_as_it_is), cmocka_unit_test(a_bad_byte_becomes_one_replacement),
          cmocka_unit_test(a_cut_sequence_becomes_one_replacement),
          cmocka_unit_test(overlong_surrogate_and_too_large_are_replaced_byte_by_byte),
          cmocka_unit_test(length_is_that_of_the_valid_sequence), cmocka_unit_test(every_output_is_valid))
