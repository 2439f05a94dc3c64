/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json_scan.h"
#include "base/json_skip.h"
#include "common.h"

/* The text is one JSON value and nothing else. It is put at the end of a block of its own, so that a look behind it is
 * seen by the address sanitizer. */
static bool is_json(struct dn_str text) {
        dn_autofree char *block = malloc(text.n + 1);
        struct dn_scan scan;

        memcpy(block, text.p, text.n);
        block = realloc(block, text.n ? text.n : 1);
        scan = dn_scan_of((struct dn_str){block, text.n});
        dn_scan_skip(&scan);
        return dn_scan_end(&scan);
}

#define assert_json(literal) assert_true(is_json(DN_STR(literal)))
#define assert_no_json(literal) assert_false(is_json(DN_STR(literal)))

static void every_kind_of_value_is_one(void **state) {
        assert_json("{}");
        assert_json(" [ ] ");
        assert_json("\"\"");
        assert_json("0");
        assert_json("true");
        assert_json("false");
        assert_json("null");
        assert_json("{\"a\":[1,{\"b\":[]},\"c\"],\"d\":{}}\r\n\t ");
        assert_json("\t{ \"a\" : [ 1 , 2 ] , \"b\" : null }");
}

static void numbers_follow_the_grammar(void **state) {
        assert_json("-0");
        assert_json("10.50");
        assert_json("1e5");
        assert_json("1E+5");
        assert_json("-1.25e-3");
        assert_no_json("01");
        assert_no_json("+1");
        assert_no_json("-");
        assert_no_json("1.");
        assert_no_json(".5");
        assert_no_json("1e");
        assert_no_json("1e+");
        assert_no_json("0x10");
        assert_no_json("NaN");
        assert_no_json("-Infinity");
}

static void strings_follow_the_grammar(void **state) {
        assert_json("\"plain, and long enough for the vector: 0123456789\"");
        assert_json("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00aF\"");
        assert_json("\"\xff\x80 bytes above ASCII are let through\"");
        assert_no_json("\"\\x\"");
        assert_no_json("\"\\u12g4\"");
        assert_no_json("\"\\u123\"");
        assert_no_json("\"\\\"");
        assert_no_json("\"\n\"");
        assert_no_json("\"0123456789abcde\x01\"");
        assert_no_json("'a'");
}

static void brackets_and_commas_must_agree(void **state) {
        assert_no_json("");
        assert_no_json("[1,]");
        assert_no_json("[,1]");
        assert_no_json("[1 2]");
        assert_no_json("[1}");
        assert_no_json("{\"a\":1]");
        assert_no_json("{\"a\":1,}");
        assert_no_json("{\"a\"}");
        assert_no_json("{\"a\" 1}");
        assert_no_json("{\"a\":}");
        assert_no_json("{1:2}");
        assert_no_json("]");
        assert_no_json("[1] 2");
        assert_no_json("truefalse");
        assert_no_json("nul");
}

static void depth_has_a_bound(void **state) {
        char text[2 * DN_SCAN_DEPTH + 2];

        memset(text, '[', DN_SCAN_DEPTH + 1);
        memset(text + DN_SCAN_DEPTH + 1, ']', DN_SCAN_DEPTH + 1);
        assert_true(is_json((struct dn_str){text + 1, 2 * DN_SCAN_DEPTH}));
        assert_false(is_json((struct dn_str){text, sizeof(text)}));
}

/* The bound is over all that is open, whoever entered it. */
static void depth_counts_what_the_caller_entered(void **state) {
        char text[DN_SCAN_DEPTH + 2];
        struct dn_scan scan = dn_scan_of((struct dn_str){text, sizeof(text)});

        memset(text, '[', sizeof(text));
        for (int i = 0; i < DN_SCAN_DEPTH; i++) {
                assert_true(dn_scan_array(&scan));
                assert_true(dn_scan_element(&scan));
        }
        dn_scan_skip(&scan);
        assert_true(scan.failed);
}

static void no_cut_of_an_object_is_json(void **state) {
        struct dn_str whole = DN_STR("{\"a\":[1.5e3,true,null,\"x\\u00e9\\n\"],\"b\":{\"c\":-7}}");

        assert_true(is_json(whole));
        for (size_t n = 0; n < whole.n; n++)
                assert_false(is_json((struct dn_str){whole.p, n}));
}

/* The same answer byte by byte as by vector: a quote, a backslash or a control character at each place of a string. */
static void a_string_ends_at_each_place(void **state) {
        char text[80];

        for (size_t n = 1; n < sizeof(text) - 2; n++) {
                memset(text, 'x', sizeof(text));
                text[n] = '"';
                assert_ptr_equal(dn_json_string_end(text, text + sizeof(text)), text + n);
                assert_null(dn_json_string_end(text, text + n));
                text[n - 1] = '\x1f';
                assert_null(dn_json_string_end(text, text + sizeof(text)));
                text[n - 1] = '\\';
                text[n + 1] = '"';
                assert_ptr_equal(dn_json_string_end(text, text + sizeof(text)), text + n + 1);
                assert_null(dn_json_string_end(text, text + n + 1));
        }
}

RUN_TESTS(cmocka_unit_test(every_kind_of_value_is_one), cmocka_unit_test(numbers_follow_the_grammar),
          cmocka_unit_test(strings_follow_the_grammar), cmocka_unit_test(brackets_and_commas_must_agree),
          cmocka_unit_test(depth_has_a_bound), cmocka_unit_test(depth_counts_what_the_caller_entered),
          cmocka_unit_test(no_cut_of_an_object_is_json), cmocka_unit_test(a_string_ends_at_each_place))
