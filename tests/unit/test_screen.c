/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/screen.h"
#include "common.h"

static void set(const char *all, const char *ctype, const char *lang) {
        const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"}, *const values[] = {all, ctype, lang};

        for (int i = 0; i < 3; i++)
                if (values[i])
                        setenv(names[i], values[i], 1);
                else
                        unsetenv(names[i]);
}

static void the_first_that_is_set_decides(void **state) {
        set("C", "de_DE.UTF-8", "de_DE.UTF-8");
        assert_false(dn_utf8_locale());
        set(NULL, "C.utf8", "C");
        assert_true(dn_utf8_locale());
        set("", "", "en_US.UTF-8");
        assert_true(dn_utf8_locale());
        set(NULL, NULL, NULL);
        assert_false(dn_utf8_locale());
        set(NULL, NULL, "de_DE");
        assert_false(dn_utf8_locale());
}

static void where_blocks_may_be_two_cells_wide_it_is_ascii(void **state) {
        set("ja_JP.UTF-8", NULL, NULL);
        assert_false(dn_utf8_locale());
        set(NULL, "ko_KR.UTF-8", NULL);
        assert_false(dn_utf8_locale());
        set(NULL, NULL, "zh_TW.utf8");
        assert_false(dn_utf8_locale());
        set(NULL, NULL, "zhx_XX.utf8");
        assert_true(dn_utf8_locale());
}

static void a_pipe_has_no_escapes_and_no_width(void **state) {
        int ends[2];

        assert_int_equal(pipe(ends), 0);
        setenv("TERM", "xterm", 1);
        assert_false(dn_escapes(ends[1]));
        assert_false(dn_colour(ends[1]));
        assert_int_equal(dn_columns(ends[1]), 0);
        close(ends[0]);
        close(ends[1]);
}

RUN_TESTS(cmocka_unit_test(the_first_that_is_set_decides),
          cmocka_unit_test(where_blocks_may_be_two_cells_wide_it_is_ascii),
          cmocka_unit_test(a_pipe_has_no_escapes_and_no_width))
