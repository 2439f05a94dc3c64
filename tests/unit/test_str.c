/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"

static void equal_means_the_same_bytes(void **state) {
        assert_true(dn_str_equal(DN_STR("a\0b"), DN_STR("a\0b")));
        assert_false(dn_str_equal(DN_STR("a\0b"), DN_STR("a\0c")));
        assert_false(dn_str_equal(DN_STR("a"), DN_STR("ab")));
        assert_true(dn_str_equal((struct dn_str){0}, DN_STR("")));
        assert_true(dn_str_equal(dn_str_of(NULL), DN_STR("")));
}

static void starts_and_ends_want_all_of_it(void **state) {
        assert_true(dn_str_starts(DN_STR("abc"), DN_STR("ab")));
        assert_false(dn_str_starts(DN_STR("a"), DN_STR("ab")));
        assert_true(dn_str_ends(DN_STR("x.csv"), DN_STR(".csv")));
        assert_false(dn_str_ends(DN_STR("csv"), DN_STR(".csv")));
}

static void trim_takes_blanks_at_both_ends_alone(void **state) {
        assert_str_is(dn_str_trim(DN_STR(" \t a b\r\n")), "a b");
        assert_str_is(dn_str_trim(DN_STR(" \n ")), "");
}

static void cut_gives_every_piece_and_no_empty_last_one(void **state) {
        struct dn_str rest = DN_STR("a,,b,"), piece;

        assert_true(dn_str_cut(&rest, ',', &piece));
        assert_str_is(piece, "a");
        assert_true(dn_str_cut(&rest, ',', &piece));
        assert_str_is(piece, "");
        assert_true(dn_str_cut(&rest, ',', &piece));
        assert_str_is(piece, "b");
        assert_false(dn_str_cut(&rest, ',', &piece));
}

static void words_stand_between_any_blanks(void **state) {
        struct dn_str rest = DN_STR("  one\t two\n"), word;

        assert_true(dn_str_word(&rest, &word));
        assert_str_is(word, "one");
        assert_true(dn_str_word(&rest, &word));
        assert_str_is(word, "two");
        assert_false(dn_str_word(&rest, &word));
}

static void between_last_takes_the_widest(void **state) {
        struct dn_str inside, after;

        assert_true(dn_str_between_last(DN_STR("7 (a) b) S"), '(', ')', &inside, &after));
        assert_str_is(inside, "a) b");
        assert_str_is(after, " S");
        assert_false(dn_str_between_last(DN_STR(") ("), '(', ')', &inside, &after));
        assert_false(dn_str_between_last(DN_STR(""), '(', ')', &inside, &after));
}

static void a_number_is_cut_off_the_front(void **state) {
        struct dn_str rest = DN_STR("  12 -7 x");
        uint64_t u;
        int64_t i;

        assert_true(dn_str_take_u64(&rest, &u));
        assert_int_equal(u, 12);
        assert_true(dn_str_take_i64(&rest, &i));
        assert_int_equal(i, -7);
        assert_false(dn_str_take_u64(&rest, &u));
        assert_str_is(rest, " x");
}

static void a_number_that_does_not_fit_is_none(void **state) {
        struct dn_str rest = DN_STR("18446744073709551616");
        uint64_t u = 5;
        int64_t i;

        assert_false(dn_str_take_u64(&rest, &u));
        assert_int_equal(u, 5);
        assert_int_equal(rest.n, 20);
        rest = DN_STR("-9223372036854775808");
        assert_true(dn_str_take_i64(&rest, &i));
        assert_true(i == INT64_MIN);
        rest = DN_STR("9223372036854775808");
        assert_false(dn_str_take_i64(&rest, &i));
        rest = DN_STR("- 3");
        assert_false(dn_str_take_i64(&rest, &i));
}

static void a_whole_text_is_a_number_or_not(void **state) {
        uint64_t u;

        assert_true(dn_str_u64(DN_STR("0042"), &u));
        assert_int_equal(u, 42);
        assert_false(dn_str_u64(DN_STR("42 "), &u));
        assert_false(dn_str_u64(DN_STR(" 42"), &u));
        assert_false(dn_str_u64(DN_STR(""), &u));
}

static void a_value_is_found_by_its_whole_key(void **state) {
        struct dn_str rest = DN_STR("VmRSSx:\t1 kB\nVmRSS:\t 24 kB\nThreads:\t3\n"), value;

        assert_true(dn_str_value(&rest, DN_STR("VmRSS"), &value));
        assert_str_is(value, "24 kB");
        assert_false(dn_str_value(&rest, DN_STR("VmHWM"), &value));
        assert_true(dn_str_value(&rest, DN_STR("Threads"), &value));
        assert_str_is(value, "3");
}

RUN_TESTS(cmocka_unit_test(equal_means_the_same_bytes), cmocka_unit_test(starts_and_ends_want_all_of_it),
          cmocka_unit_test(trim_takes_blanks_at_both_ends_alone),
          cmocka_unit_test(cut_gives_every_piece_and_no_empty_last_one),
          cmocka_unit_test(words_stand_between_any_blanks), cmocka_unit_test(between_last_takes_the_widest),
          cmocka_unit_test(a_number_is_cut_off_the_front), cmocka_unit_test(a_number_that_does_not_fit_is_none),
          cmocka_unit_test(a_whole_text_is_a_number_or_not), cmocka_unit_test(a_value_is_found_by_its_whole_key))
