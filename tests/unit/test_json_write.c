/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json_write.h"
#include "common.h"

static void commas_come_by_themselves(void **state) {
        dn_autotext struct dn_text text = {0};
        struct dn_json json = {.text = &text};

        dn_json_object(&json);
        dn_json_key_i64(&json, DN_STR("a"), -1);
        dn_json_key(&json, DN_STR("b"));
        dn_json_array(&json);
        dn_json_u64(&json, 2);
        dn_json_object(&json);
        dn_json_object_end(&json);
        dn_json_array(&json);
        dn_json_array_end(&json);
        dn_json_null(&json);
        dn_json_array_end(&json);
        dn_json_key_bool(&json, DN_STR("c"), true);
        dn_json_key_bool(&json, DN_STR("d"), false);
        dn_json_key_fixed(&json, DN_STR("e"), 150, 2);
        dn_json_key(&json, DN_STR("f"));
        dn_json_raw(&json, DN_STR("[0]"));
        dn_json_object_end(&json);
        assert_text_is(&text, "{\"a\":-1,\"b\":[2,{},[],null],\"c\":true,\"d\":false,\"e\":1.5,\"f\":[0]}");
}

static void assert_string(struct dn_str s, const char *expected) {
        dn_autotext struct dn_text text = {0};
        struct dn_json json = {.text = &text};

        dn_json_string(&json, s);
        assert_text_is(&text, expected);
}

static void what_json_forbids_in_a_string_is_escaped(void **state) {
        assert_string(DN_STR("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
        assert_string(DN_STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
        assert_string(DN_STR("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\"");
}

static void bytes_that_are_no_utf8_are_replaced(void **state) {
        assert_string(DN_STR("ü\xff\n\xe2\x82"), "\"ü\xef\xbf\xbd\\n\xef\xbf\xbd\"");
}

static void no_memory_is_seen_at_the_end(void **state) {
        dn_autotext struct dn_text text = {.failed = true};
        struct dn_json json = {.text = &text};

        dn_json_object(&json);
        dn_json_key_string(&json, DN_STR("a"), DN_STR("\n\xff"));
        dn_json_object_end(&json);
        assert_true(text.failed);
        assert_int_equal(text.n, 0);
}

RUN_TESTS(cmocka_unit_test(commas_come_by_themselves), cmocka_unit_test(what_json_forbids_in_a_string_is_escaped),
          cmocka_unit_test(bytes_that_are_no_utf8_are_replaced), cmocka_unit_test(no_memory_is_seen_at_the_end))
