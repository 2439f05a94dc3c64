/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/names.h"
#include "common.h"

#include <signal.h>

static void assert_name(struct dn_str name, const char *expected) {
        dn_autotext struct dn_text text = {0};

        dn_put_name(&text, name);
        assert_text_is(&text, expected);
}

static void ordinary_names_stay_as_they_are(void **state) {
        assert_name(DN_STR("bwa mem"), "bwa mem");
        assert_name(DN_STR("Zürich-日本-\xf0\x9f\x90\x9f"), "Zürich-日本-\xf0\x9f\x90\x9f");
        assert_name(DN_STR(""), "");
}

static void controls_become_question_marks(void **state) {
        assert_name(DN_STR("a\033[31mb"), "a?[31mb");
        assert_name(DN_STR("a\nb\tc\rd\177e\0f"), "a?b?c?d?e?f");
        assert_name(DN_STR("csi \xc2\x9b"
                           "31m"),
                    "csi ?31m");
        assert_name(DN_STR("\xc2\x80\xc2\x9f\xc2\xa0"), "??\xc2\xa0");
}

static void marks_that_turn_the_text_around_become_question_marks(void **state) {
        assert_name(DN_STR("\u202e\u202a\u2066\u2069\u200e\u200f\u061c\u2028\u2029"), "?????????");
        assert_name(DN_STR("\u2010\u2060\u2026"), "\u2010\u2060\u2026");
}

static void bytes_that_are_no_text_become_question_marks(void **state) {
        assert_name(DN_STR("\xff\xc0\x80\xed\xa0\x80z"), "??????z");
        assert_name(DN_STR("cut \xe2\x82"), "cut ??");
}

static void assert_cut(const char *name, size_t room, bool utf8, const char *expected) {
        dn_autotext struct dn_text text = {0};

        dn_put_cut_name(&text, dn_str_of(name), room, utf8);
        assert_text_is(&text, expected);
}

static void a_long_name_ends_in_dots(void **state) {
        assert_cut("0123456789", 10, false, "0123456789");
        assert_cut("0123456789", 9, false, "012345...");
        assert_cut("0123456789", 9, true, "01234567…");
}

static void a_cut_never_halves_a_character(void **state) {
        assert_cut("äöüäöü", 6, true, "äöüäöü");
        assert_cut("äöüäöü", 5, true, "äöüä…");
}

static void a_signal_is_called_as_in_the_manual(void **state) {
        assert_string_equal(dn_signal_name(SIGTERM), "TERM");
        assert_string_equal(dn_signal_name(SIGKILL), "KILL");
        assert_string_equal(dn_signal_name(SIGSEGV), "SEGV");
        assert_null(dn_signal_name(0));
        assert_null(dn_signal_name(-1));
        assert_null(dn_signal_name(SIGRTMIN));
        assert_null(dn_signal_name(1000));
}

RUN_TESTS(cmocka_unit_test(ordinary_names_stay_as_they_are), cmocka_unit_test(controls_become_question_marks),
          cmocka_unit_test(marks_that_turn_the_text_around_become_question_marks),
          cmocka_unit_test(bytes_that_are_no_text_become_question_marks), cmocka_unit_test(a_long_name_ends_in_dots),
          cmocka_unit_test(a_cut_never_halves_a_character), cmocka_unit_test(a_signal_is_called_as_in_the_manual))
