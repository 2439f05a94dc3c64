/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "modules/symbols/kallsyms.h"

struct place {
        char path[32];
        int fd;
};

static int read_as(const char *content, struct dn_kallsyms *k) {
        struct place place;
        int r;

        place.fd = make_directory(place.path);
        write_file(place.fd, "kallsyms", content);
        r = dn_kallsyms_read(k, place.fd);
        remove_directory(place.fd, place.path);
        return r;
}

static void assert_named(const struct dn_kallsyms *k, uint64_t address, const char *expected, uint64_t offset) {
        uint64_t start = 0;
        const char *name = dn_kallsyms_find(k, address, &start);

        assert_string_equal(name ? name : "-", expected);
        assert_int_equal(name ? address - start : 0, offset);
}

static void code_is_kept_in_any_order_and_data_is_not(void **state) {
        struct dn_kallsyms k = {0};

        assert_int_equal(read_as("ffffffff81002000 T second\n"
                                 "ffffffff81001000 t first\n"
                                 "ffffffff81001800 D data\n"
                                 "ffffffff81002000 T alias\n"
                                 "ffffffffc0001000 t of_module\t[loop]\n"
                                 "0000000000000000 A nothing\n",
                                 &k),
                         0);
        assert_int_equal(k.n, 4);
        assert_named(&k, 0xffffffff81000fff, "-", 0);
        assert_named(&k, 0xffffffff81001900, "first", 0x900);
        assert_named(&k, 0xffffffff81002001, "second", 1);
        assert_named(&k, 0xffffffffc0001004, "of_module [loop]", 4);
        dn_kallsyms_free(&k);
}

static void a_file_that_shows_no_addresses_says_so(void **state) {
        struct dn_kallsyms k = {0};

        assert_int_equal(read_as("0000000000000000 T first\n0000000000000000 t second\n", &k), -EACCES);
        assert_named(&k, 0xffffffff81000000, "-", 0);
}

static void what_is_no_such_line_is_refused(void **state) {
        static const struct dn_str bad[] = {DN_STR(""),
                                            DN_STR("ffffffff81002000"),
                                            DN_STR("ffffffff81002000 T"),
                                            DN_STR("ffffffff81002000 T "),
                                            DN_STR(" T x"),
                                            DN_STR("fff  T x"),
                                            DN_STR("fffffffff81002000 T x")};
        uint64_t start;
        struct dn_str name;

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                assert_int_equal(dn_kallsyms_parse(bad[i], &start, &name), -EBADMSG);
        assert_int_equal(dn_kallsyms_parse(DN_STR("10 d x"), &start, &name), 0);
}

/* Longer than the piece that is read at a time. */
static void a_long_file_loses_nothing_between_pieces(void **state) {
        dn_autotext struct dn_text text = {0};
        struct dn_kallsyms k = {0};

        for (int i = 1; i <= 20000; i++)
                dn_text_printf(&text, "%016x T f%d\n", i * 16, i);
        assert_int_equal(read_as(dn_text_cstr(&text), &k), 0);
        assert_int_equal(k.n, 20000);
        for (int i = 1; i <= 20000; i++) {
                char name[16];

                snprintf(name, sizeof(name), "f%d", i);
                assert_named(&k, (uint64_t)i * 16 + 7, name, 7);
        }
        dn_kallsyms_free(&k);
}

RUN_TESTS(cmocka_unit_test(code_is_kept_in_any_order_and_data_is_not),
          cmocka_unit_test(a_file_that_shows_no_addresses_says_so), cmocka_unit_test(what_is_no_such_line_is_refused),
          cmocka_unit_test(a_long_file_loses_nothing_between_pieces))
