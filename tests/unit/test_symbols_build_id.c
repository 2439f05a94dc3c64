/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "modules/symbols/build_id.h"

/* In memory that ends where the notes do, for the sanitizers. */
static bool find(struct dn_str notes, size_t align, struct dn_build_id *ret_id) {
        char *exact = malloc(notes.n ? notes.n : 1);
        bool found;

        assert_non_null(exact);
        if (notes.n > 0)
                memcpy(exact, notes.p, notes.n);
        found = dn_build_id_find((struct dn_str){exact, notes.n}, align, ret_id);
        free(exact);
        return found;
}

#define NAME "\4\0\0\0"
#define OURS "\3\0\0\0GNU\0"

static void the_id_is_found_behind_other_notes(void **state) {
        dn_autotext struct dn_text text = {0};
        struct dn_build_id id;

        assert_true(find(DN_STR(NAME "\5\0\0\0\1\0\0\0GNU\0abcde\0\0\0" NAME "\3\0\0\0" OURS "\x01\xab\xff"), 4, &id));
        dn_build_id_put(&text, &id);
        assert_text_is(&text, "01abff");
}

static void notes_that_are_aligned_to_8_are_read_as_such(void **state) {
        struct dn_build_id id;

        assert_true(find(DN_STR(NAME "\4\0\0\0\5\0\0\0GNU\0abcd\0\0\0\0" NAME "\2\0\0\0" OURS "\x01\x02"), 8, &id));
        assert_int_equal(id.n, 2);
}

static void what_is_cut_too_long_or_of_somebody_else_is_none(void **state) {
        static const struct dn_str bad[] = {
                DN_STR(""),
                DN_STR(NAME "\3\0\0\0" OURS "\x01\xab"),
                DN_STR(NAME "\0\0\0\0" OURS),
                DN_STR(NAME "\25\0\0\0" OURS "123456789012345678901\0\0\0"),
                DN_STR("\4\0\0\0\2\0\0\0\3\0\0\0GNX\0ab\0\0"),
                DN_STR("\xff\xff\xff\xff\2\0\0\0\3\0\0\0GNU\0ab\0\0"),
                DN_STR(NAME "\xff\xff\xff\xff" OURS "ab\0\0"),
        };
        struct dn_build_id id;

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                assert_false(find(bad[i], 4, &id));
}

static void ids_differ_only_where_both_are_known(void **state) {
        struct dn_build_id none = {0}, a = {.n = 2, .bytes = {1, 2}}, b = {.n = 2, .bytes = {1, 3}};

        assert_false(dn_build_id_differs(&none, &a));
        assert_false(dn_build_id_differs(&a, &a));
        assert_true(dn_build_id_differs(&a, &b));
}

RUN_TESTS(cmocka_unit_test(the_id_is_found_behind_other_notes),
          cmocka_unit_test(notes_that_are_aligned_to_8_are_read_as_such),
          cmocka_unit_test(what_is_cut_too_long_or_of_somebody_else_is_none),
          cmocka_unit_test(ids_differ_only_where_both_are_known))
