/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json_scan.h"
#include "common.h"

static void an_object_is_walked_key_by_key(void **state) {
        struct dn_scan scan = dn_scan_of(DN_STR(" {\"pid\" : 7, \"x\": {\"deep\":[1,2]}, \"name\":\"sh\"} "));
        struct dn_str key, name = {0};
        int64_t pid = 0;

        assert_true(dn_scan_object(&scan));
        while (dn_scan_member(&scan, &key))
                if (dn_str_equal(key, DN_STR("pid")))
                        assert_true(dn_scan_i64(&scan, &pid));
                else if (dn_str_equal(key, DN_STR("name")))
                        assert_true(dn_scan_string(&scan, &name));
                else
                        dn_scan_skip(&scan);
        assert_true(dn_scan_end(&scan));
        assert_int_equal(pid, 7);
        assert_str_is(name, "sh");
}

static void arrays_and_objects_nest(void **state) {
        struct dn_scan scan = dn_scan_of(DN_STR("[[],[1],{\"a\":{}},[{\"b\":[2]}]]"));
        struct dn_str key;
        int64_t value, sum = 0;
        int elements = 0;

        assert_true(dn_scan_array(&scan));
        while (dn_scan_element(&scan)) {
                elements++;
                if (dn_scan_peek(&scan) != DN_SCAN_ARRAY) {
                        assert_true(dn_scan_object(&scan));
                        while (dn_scan_member(&scan, &key))
                                dn_scan_skip(&scan);
                        continue;
                }
                assert_true(dn_scan_array(&scan));
                while (dn_scan_element(&scan))
                        if (dn_scan_i64(&scan, &value))
                                sum += value;
        }
        assert_true(dn_scan_end(&scan));
        assert_int_equal(elements, 4);
        assert_int_equal(sum, 1);
}

static void peek_says_what_comes_and_takes_nothing(void **state) {
        static const struct {
                struct dn_str text;
                enum dn_scan_type type;
        } cases[] = {
                {{" {}", 3}, DN_SCAN_OBJECT}, {{"[]", 2}, DN_SCAN_ARRAY},    {{"\"\"", 2}, DN_SCAN_STRING},
                {{"-1", 2}, DN_SCAN_NUMBER},  {{"0", 1}, DN_SCAN_NUMBER},    {{"true", 4}, DN_SCAN_TRUE},
                {{"null", 4}, DN_SCAN_NULL},  {{"false", 5}, DN_SCAN_FALSE}, {{"]", 1}, DN_SCAN_NONE},
                {{"", 0}, DN_SCAN_NONE},
        };

        for (size_t i = 0; i < DN_COUNT(cases); i++) {
                struct dn_scan scan = dn_scan_of(cases[i].text);

                assert_int_equal(dn_scan_peek(&scan), cases[i].type);
                assert_int_equal(dn_scan_peek(&scan), cases[i].type);
                dn_scan_skip(&scan);
                assert_int_equal(dn_scan_end(&scan), cases[i].type != DN_SCAN_NONE);
        }
}

static void a_value_of_another_type_is_skipped_without_a_fault(void **state) {
        struct dn_scan scan = dn_scan_of(DN_STR("[\"x\",[1],{\"a\":1},null,1,true]"));
        struct dn_str raw;
        int64_t value = -1;
        bool truth = false;

        assert_true(dn_scan_array(&scan));
        assert_true(dn_scan_element(&scan) && !dn_scan_i64(&scan, &value));
        assert_true(dn_scan_element(&scan) && !dn_scan_string(&scan, &raw));
        assert_true(dn_scan_element(&scan) && !dn_scan_array(&scan));
        assert_true(dn_scan_element(&scan) && !dn_scan_object(&scan));
        assert_true(dn_scan_element(&scan) && !dn_scan_bool(&scan, &truth));
        assert_true(dn_scan_element(&scan) && dn_scan_bool(&scan, &truth));
        assert_false(dn_scan_element(&scan));
        assert_true(dn_scan_end(&scan));
        assert_int_equal(value, -1);
        assert_true(truth);
}

static bool whole(struct dn_str text, int64_t *ret_value) {
        struct dn_scan scan = dn_scan_of(text);
        bool r = dn_scan_i64(&scan, ret_value);

        assert_true(dn_scan_end(&scan));
        return r;
}

static void whole_numbers_may_be_written_in_any_way(void **state) {
        int64_t value = 5;

        assert_true(whole(DN_STR("3.0"), &value) && value == 3);
        assert_true(whole(DN_STR("3e2"), &value) && value == 300);
        assert_true(whole(DN_STR("1.25E2"), &value) && value == 125);
        assert_true(whole(DN_STR("4500e-2"), &value) && value == 45);
        assert_true(whole(DN_STR("-0"), &value) && value == 0);
        assert_true(whole(DN_STR("0e999999999999999999999"), &value) && value == 0);
        assert_true(whole(DN_STR("9223372036854775807"), &value) && value == INT64_MAX);
        assert_true(whole(DN_STR("-9223372036854775808"), &value) && value == INT64_MIN);
}

static void what_is_not_whole_or_does_not_fit_is_refused(void **state) {
        int64_t value = 5;

        assert_false(whole(DN_STR("3.5"), &value));
        assert_false(whole(DN_STR("1e-1"), &value));
        assert_false(whole(DN_STR("9223372036854775808"), &value));
        assert_false(whole(DN_STR("-9223372036854775809"), &value));
        assert_false(whole(DN_STR("18446744073709551616"), &value));
        assert_false(whole(DN_STR("1e19"), &value));
        assert_false(whole(DN_STR("1e999999999999999999999"), &value));
        assert_int_equal(value, 5);
}

static int64_t steps_of(struct dn_str text, int decimals) {
        struct dn_scan scan = dn_scan_of(text);
        int64_t steps = -999;

        dn_scan_steps(&scan, decimals, &steps);
        assert_true(dn_scan_end(&scan));
        return steps;
}

static void steps_are_rounded_half_away_from_zero(void **state) {
        assert_int_equal(steps_of(DN_STR("1.005"), 2), 101);
        assert_int_equal(steps_of(DN_STR("1.0049999"), 2), 100);
        assert_int_equal(steps_of(DN_STR("-1.005"), 2), -101);
        assert_int_equal(steps_of(DN_STR("109.297035"), 2), 10930);
        assert_int_equal(steps_of(DN_STR("0.5"), 0), 1);
        assert_int_equal(steps_of(DN_STR("0.05"), 0), 0);
        assert_int_equal(steps_of(DN_STR("5e-7"), 6), 1);
        assert_int_equal(steps_of(DN_STR("9.9e-99999999999999"), 6), 0);
        assert_int_equal(steps_of(DN_STR("7"), 6), 7000000);
        assert_int_equal(steps_of(DN_STR("0.00000000000000000000000000000012e31"), 1), 12);
        assert_int_equal(steps_of(DN_STR("9223372036854.775807"), 6), INT64_MAX);
        assert_int_equal(steps_of(DN_STR("9223372036854.7758075"), 6), -999);
        assert_int_equal(steps_of(DN_STR("1e300"), 6), -999);
}

/* Whatever put_fixed writes comes back to the bit. */
static void fixed_point_makes_the_round_trip(void **state) {
        uint64_t seed = 9;

        for (int i = 0; i < 100000; i++) {
                dn_autotext struct dn_text text = {0};
                int decimals = (int)random_below(&seed, 7);
                int64_t steps = (int64_t)(random_next(&seed) >> random_below(&seed, 64));

                dn_text_put_fixed(&text, i % 2 ? steps : -(steps >> 1), decimals);
                assert_int_equal(steps_of(dn_text_str(&text), decimals), i % 2 ? steps : -(steps >> 1));
        }
}

static void after_a_fault_every_call_says_false(void **state) {
        struct dn_scan scan = dn_scan_of(DN_STR("{\"a\":tru,\"b\":1}"));
        struct dn_str key = {0};
        int64_t value = 5;
        bool truth;

        assert_true(dn_scan_object(&scan));
        assert_true(dn_scan_member(&scan, &key));
        assert_false(dn_scan_bool(&scan, &truth));
        assert_true(scan.failed);
        assert_false(dn_scan_member(&scan, &key));
        assert_false(dn_scan_i64(&scan, &value));
        assert_false(dn_scan_string(&scan, &key));
        assert_false(dn_scan_array(&scan));
        assert_int_equal(dn_scan_peek(&scan), DN_SCAN_NONE);
        assert_false(dn_scan_end(&scan));
        assert_str_is(key, "a");
        assert_int_equal(value, 5);
}

/* Reads as a record would be: true where all was well. */
static bool read_pair(struct dn_str text, int64_t *ret_a, int64_t *ret_b) {
        struct dn_scan scan = dn_scan_of(text);
        struct dn_str key;

        dn_scan_object(&scan);
        while (dn_scan_member(&scan, &key))
                dn_scan_i64(&scan, dn_str_equal(key, DN_STR("a")) ? ret_a : ret_b);
        return dn_scan_end(&scan);
}

static void a_cut_line_is_never_whole(void **state) {
        struct dn_str line = DN_STR("{\"a\":123,\"b\":45.0e1}");
        int64_t a, b;

        assert_true(read_pair(line, &a, &b));
        assert_int_equal(a, 123);
        assert_int_equal(b, 450);
        for (size_t n = 1; n < line.n; n++)
                assert_false(read_pair((struct dn_str){line.p, n}, &a, &b));
}

static void commas_are_due_between_members_alone(void **state) {
        int64_t a, b;

        assert_false(read_pair(DN_STR("{\"a\":1 \"b\":2}"), &a, &b));
        assert_false(read_pair(DN_STR("{\"a\":1,}"), &a, &b));
        assert_false(read_pair(DN_STR("{,\"a\":1}"), &a, &b));
        assert_false(read_pair(DN_STR("{\"a\":1]"), &a, &b));
        assert_false(read_pair(DN_STR("{\"a\":1}}"), &a, &b));
}

static void entering_too_deep_is_a_fault(void **state) {
        char text[DN_SCAN_DEPTH + 1];
        struct dn_scan scan = dn_scan_of((struct dn_str){text, sizeof(text)});

        memset(text, '[', sizeof(text));
        for (int i = 0; i < DN_SCAN_DEPTH; i++) {
                assert_true(dn_scan_array(&scan));
                assert_true(dn_scan_element(&scan));
        }
        assert_false(dn_scan_array(&scan));
        assert_true(scan.failed);
}

static void assert_unescaped(struct dn_str raw, const char *expected) {
        dn_autotext struct dn_text text = {0};

        assert_true(dn_scan_unescape(raw, &text));
        assert_text_is(&text, expected);
}

static void escapes_are_undone(void **state) {
        assert_unescaped(DN_STR("a\\\"\\\\\\/\\b\\f\\n\\r\\tz"), "a\"\\/\b\f\n\r\tz");
        assert_unescaped(DN_STR("\\u0041\\u00e9\\u20AC\\ud83d\\ude00"), "Aé€😀");
        assert_unescaped(DN_STR("\xff"), "\xef\xbf\xbd");
}

static void a_lone_surrogate_is_replaced(void **state) {
        assert_unescaped(DN_STR("\\ud83dx"), "\xef\xbf\xbdx");
        assert_unescaped(DN_STR("\\ude00"), "\xef\xbf\xbd");
        assert_unescaped(DN_STR("\\ud83d\\ud83d\\ude00"), "\xef\xbf\xbd😀");
        assert_unescaped(DN_STR("\\ud83d\\u0041"), "\xef\xbf\xbd"
                                                   "A");
}

static void a_bad_escape_is_refused(void **state) {
        dn_autotext struct dn_text text = {0};

        assert_false(dn_scan_unescape(DN_STR("a\\"), &text));
        assert_false(dn_scan_unescape(DN_STR("\\x"), &text));
        assert_false(dn_scan_unescape(DN_STR("\\u12"), &text));
        assert_false(dn_scan_unescape(DN_STR("\\u12G4"), &text));
}

RUN_TESTS(cmocka_unit_test(an_object_is_walked_key_by_key), cmocka_unit_test(arrays_and_objects_nest),
          cmocka_unit_test(peek_says_what_comes_and_takes_nothing),
          cmocka_unit_test(a_value_of_another_type_is_skipped_without_a_fault),
          cmocka_unit_test(whole_numbers_may_be_written_in_any_way),
          cmocka_unit_test(what_is_not_whole_or_does_not_fit_is_refused),
          cmocka_unit_test(steps_are_rounded_half_away_from_zero), cmocka_unit_test(fixed_point_makes_the_round_trip),
          cmocka_unit_test(after_a_fault_every_call_says_false), cmocka_unit_test(a_cut_line_is_never_whole),
          cmocka_unit_test(commas_are_due_between_members_alone), cmocka_unit_test(entering_too_deep_is_a_fault),
          cmocka_unit_test(escapes_are_undone), cmocka_unit_test(a_lone_surrogate_is_replaced),
          cmocka_unit_test(a_bad_escape_is_refused))
