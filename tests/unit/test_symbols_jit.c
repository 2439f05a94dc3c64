/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "modules/symbols/jit.h"

static void assert_named(struct dn_jit *jit, uint64_t address, const char *expected) {
        struct dn_str name = DN_STR("-");
        uint64_t start;

        dn_jit_find(jit, address, &name, &start);
        assert_str_is(name, expected);
}

static void a_line_is_where_how_long_and_a_name_with_blanks(void **state) {
        uint64_t start, size;
        struct dn_str name;

        assert_int_equal(dn_jit_parse(DN_STR("3ef414c0 398 LazyCompile:~main a b.js:1"), &start, &size, &name), 0);
        assert_true(start == 0x3ef414c0 && size == 0x398);
        assert_str_is(name, "LazyCompile:~main a b.js:1");
        assert_int_equal(dn_jit_parse(DN_STR("0x7F00 0x1 f"), &start, &size, &name), 0);
        assert_true(start == 0x7f00 && size == 1);
}

static void what_is_no_such_line_is_refused(void **state) {
        static const struct dn_str bad[] = {
                DN_STR(""),
                DN_STR("1000"),
                DN_STR("1000 10"),
                DN_STR("1000 10 "),
                DN_STR("1000 0 f"),
                DN_STR("1000 -1 f"),
                DN_STR("x 10 f"),
                DN_STR("0x 10 f"),
                DN_STR(" 1000 10 f"),
                DN_STR("1000  10 f"),
                DN_STR("1000 10 a\0b"),
                DN_STR("ffffffffffffffff 2 f"),
                DN_STR("1000\t10 f"),
                DN_STR("1000 100000000 f"),
                DN_STR("11112222333344445 1 f"),
        };
        uint64_t start = 5, size = 6;
        struct dn_str name = DN_STR("kept");

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                assert_int_equal(dn_jit_parse(bad[i], &start, &size, &name), -EBADMSG);
        assert_true(start == 5 && size == 6);
        assert_str_is(name, "kept");
}

static void a_long_name_is_cut(void **state) {
        dn_autotext struct dn_text text = {0};
        uint64_t start, size;
        struct dn_str name;

        dn_text_printf(&text, "1000 10 %05000d", 1);
        assert_int_equal(dn_jit_parse(dn_text_str(&text), &start, &size, &name), 0);
        assert_int_equal(name.n, DN_JIT_NAME_MAX);
}

static void what_was_made_last_is_what_lies_there(void **state) {
        struct dn_jit *jit;

        assert_int_equal(dn_jit_new(&jit), 0);
        assert_int_equal(dn_jit_add(jit, DN_STR("1000 100 old\n2000 10 far\nnonsense\n1080 80 new\n1000 40 newer\n")),
                         0);
        assert_named(jit, 0xfff, "-");
        assert_named(jit, 0x1000, "newer");
        assert_named(jit, 0x103f, "newer");
        assert_named(jit, 0x1040, "old");
        assert_named(jit, 0x1080, "new");
        assert_named(jit, 0x1100, "-");
        assert_named(jit, 0x200f, "far");
        assert_int_equal(dn_jit_add(jit, DN_STR("1000 10 newest\n")), 0);
        assert_named(jit, 0x1000, "newest");
        assert_named(jit, 0x1010, "newer");
        dn_jit_free(jit);
}

/* The process's /tmp, in a directory. */
struct place {
        char path[32];
        int root;
};

static void make_place(struct place *place) {
        place->root = make_directory(place->path);
        assert_true(place->root >= 0);
        assert_int_equal(mkdirat(place->root, "tmp", 0755), 0);
}

static void remove_place(struct place *place) {
        unlinkat(place->root, "tmp/perf-7.map", 0);
        unlinkat(place->root, "tmp", AT_REMOVEDIR);
        remove_directory(place->root, place->path);
}

static void append(const struct place *place, const char *text) {
        dn_autoclose int fd = openat(place->root, "tmp/perf-7.map", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void a_file_that_grows_is_read_on(void **state) {
        struct place place;
        struct dn_jit *jit;

        make_place(&place);
        assert_int_equal(dn_jit_new(&jit), 0);
        assert_int_equal(dn_jit_read(jit, place.root, 7, getuid()), -ENOENT);
        append(&place, "1000 10 first\n2000 10 some");
        assert_int_equal(dn_jit_read(jit, place.root, 7, getuid()), 0);
        assert_named(jit, 0x1000, "first");
        assert_named(jit, 0x2000, "-"); /* half a line */
        append(&place, "_more\n");
        assert_int_equal(dn_jit_read(jit, place.root, 7, getuid()), 0);
        assert_named(jit, 0x2000, "some_more");
        assert_named(jit, 0x1000, "first");
        dn_jit_free(jit);
        remove_place(&place);
}

static void another_file_of_the_name_is_read_anew(void **state) {
        struct place place;
        struct dn_jit *jit;

        make_place(&place);
        assert_int_equal(dn_jit_new(&jit), 0);
        append(&place, "1000 10 old\n2000 10 old2\n");
        assert_int_equal(dn_jit_read(jit, place.root, 7, getuid()), 0);
        assert_int_equal(unlinkat(place.root, "tmp/perf-7.map", 0), 0);
        append(&place, "1000 10 new\n");
        assert_int_equal(dn_jit_read(jit, place.root, 7, getuid()), 0);
        assert_named(jit, 0x1000, "new");
        assert_named(jit, 0x2000, "-");
        dn_jit_free(jit);
        remove_place(&place);
}

static void a_file_of_somebody_else_is_not_believed(void **state) {
        struct place place;
        struct dn_jit *jit;

        make_place(&place);
        assert_int_equal(dn_jit_new(&jit), 0);
        append(&place, "1000 10 theirs\n");
        assert_int_equal(dn_jit_read(jit, place.root, 7, getuid() + 1), -EPERM);
        assert_named(jit, 0x1000, "-");
        dn_jit_free(jit);
        remove_place(&place);
}

static void neither_a_link_nor_a_pipe_is_followed(void **state) {
        struct place place;
        struct dn_jit *jit;

        make_place(&place);
        assert_int_equal(dn_jit_new(&jit), 0);
        assert_int_equal(symlinkat("/etc/passwd", place.root, "tmp/perf-7.map"), 0);
        assert_int_equal(dn_jit_read(jit, place.root, 7, getuid()), -ELOOP);
        assert_int_equal(unlinkat(place.root, "tmp/perf-7.map", 0), 0);
        assert_int_equal(mkfifoat(place.root, "tmp/perf-7.map", 0644), 0);
        assert_int_equal(dn_jit_read(jit, place.root, 7, getuid()), -EPERM);
        dn_jit_free(jit);
        remove_place(&place);
}

RUN_TESTS(cmocka_unit_test(a_line_is_where_how_long_and_a_name_with_blanks),
          cmocka_unit_test(what_is_no_such_line_is_refused), cmocka_unit_test(a_long_name_is_cut),
          cmocka_unit_test(what_was_made_last_is_what_lies_there), cmocka_unit_test(a_file_that_grows_is_read_on),
          cmocka_unit_test(another_file_of_the_name_is_read_anew),
          cmocka_unit_test(a_file_of_somebody_else_is_not_believed),
          cmocka_unit_test(neither_a_link_nor_a_pipe_is_followed))
