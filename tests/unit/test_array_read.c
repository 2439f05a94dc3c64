/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "format/array_read.h"

/* All elements with a bar between them, a bad one with a '!' before it; the text comes a byte at a time, or at once. */
static void cut_all(const char *text, bool at_once, struct dn_text *ret_elements) {
        struct dn_array array = {0};
        size_t n = strlen(text), taken = 0, from, to;

        for (size_t have = at_once ? n : 0; have <= n; have++)
                while (dn_array_next(&array, (struct dn_str){text + taken, have - taken}, &from, &to)) {
                        if (ret_elements->n)
                                dn_text_put_char(ret_elements, '|');
                        if (array.bad)
                                dn_text_put_char(ret_elements, '!');
                        dn_text_put(ret_elements, (struct dn_str){text + taken + from, to - from});
                        assert_true(to > 0);
                        taken += to;
                }
}

static void assert_elements(const char *text, const char *expected) {
        dn_autotext struct dn_text once = {0}, slowly = {0};

        cut_all(text, true, &once);
        cut_all(text, false, &slowly);
        assert_text_is(&once, expected);
        assert_text_is(&slowly, expected);
}

static void elements_are_found_however_they_are_laid_out(void **state) {
        assert_elements("[]", "");
        assert_elements(" [ ] ", "");
        assert_elements("[{\"a\":1},{\"b\":2}]", "{\"a\":1}|{\"b\":2}");
        assert_elements("[\n{\"a\":[1,{}]},\n{\"b\":\"]}\\\"\"}\n]\n", "{\"a\":[1,{}]}|{\"b\":\"]}\\\"\"}");
        assert_elements("[ {\n  \"a\" : 1\n} ]", "{\n  \"a\" : 1\n}");
        assert_elements("[[1],[2]]", "[1]|[2]");
        assert_elements("[1, \"x\\\\\" ,null,{}]", "1|\"x\\\\\"|null|{}");
        assert_elements("[{}][{}]", "{}|{}");
}

static void what_was_cut_off_is_no_element(void **state) {
        assert_elements("[{\"a\":1},{\"b\":", "{\"a\":1}");
        assert_elements("[{\"a\":1},{\"b\":\"}", "{\"a\":1}");
        assert_elements("[{\"a\":1},\n", "{\"a\":1}");
        assert_elements("[", "");
        assert_elements("[12", "");
}

static void what_stands_where_it_may_not_is_bad(void **state) {
        assert_elements("[{} {}]", "{}|!{}");
        assert_elements("[,{}]", "!,|{}");
        assert_elements("[{},,{}]", "{}|!,|{}");
        assert_elements("[{},]", "{}|!]");
        assert_elements("[}{}]", "!}|!{}");
        assert_elements("[{}] x ", "{}|!x");
        assert_elements("x ,", "!x");
}

/* Elements long enough to be gone through by blocks, with brackets, quotes and backslashes at any place in these. */
static void long_elements_are_found_by_blocks(void **state) {
        static const char *const pieces[] = {"{\"a\":", "", "\"]}\\\"[\"", "\"{\"", "\"\\\\\"", "12345678", "]", "}"};
        static const char name[] = "\"0123456789012345678901234567890123456789012345678901234567890123456789\"";
        uint64_t seed = 9;

        for (int round = 0; round < 3000; round++) {
                dn_autotext struct dn_text text = {0}, expected = {0};

                dn_text_put_char(&text, '[');
                for (int element = 0; element < 3; element++) {
                        size_t from = text.n;

                        if (element)
                                dn_text_put_char(&text, ',');
                        dn_text_put(&text, DN_STR("{\"x\":"));
                        for (uint32_t i = random_below(&seed, 6); i > 0; i--) {
                                dn_text_put(&text, dn_str_of(pieces[0]));
                                dn_text_put(&text, dn_str_of(pieces[2 + random_below(&seed, 4)]));
                                dn_text_put(&text, (struct dn_str){name, sizeof(name) - 1});
                                dn_text_put(&text, DN_STR("}"));
                        }
                        dn_text_put_char(&text, '}');
                        if (element)
                                dn_text_put_char(&expected, '|');
                        dn_text_put(&expected, (struct dn_str){text.p + from + !!element, text.n - from - !!element});
                }
                assert_elements(dn_text_cstr(&text), dn_text_cstr(&expected));
        }
}

static void an_element_of_several_lines_becomes_one(void **state) {
        char text[] = "{\n  \"a b\" : [ 1,\r\n\t2 ],\n  \"c\\\" \" : 3\n}";
        char line[] = "{\"a_b\":\"long enough for the head to be without a blank 0123456789\", \"c\": 1}";
        size_t n = dn_array_flatten(text, sizeof(text) - 1);

        assert_str_is((struct dn_str){text, n}, "{\"a b\":[1,2],\"c\\\" \":3}");
        n = dn_array_flatten(line, sizeof(line) - 1);
        assert_int_equal(n, sizeof(line) - 1 - 2);
}

RUN_TESTS(cmocka_unit_test(elements_are_found_however_they_are_laid_out),
          cmocka_unit_test(what_was_cut_off_is_no_element), cmocka_unit_test(what_stands_where_it_may_not_is_bad),
          cmocka_unit_test(long_elements_are_found_by_blocks),
          cmocka_unit_test(an_element_of_several_lines_becomes_one))
