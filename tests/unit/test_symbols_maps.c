/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "modules/symbols/maps.h"

#include <sys/sysmacros.h>

static struct dn_mapping code(uint64_t start, uint64_t end, uint64_t offset) {
        return (struct dn_mapping){.start = start, .end = end, .offset = offset, .executable = true, .inode = 1};
}

static void add(struct dn_maps *maps, uint64_t start, uint64_t end, uint64_t offset, const char *name) {
        struct dn_mapping m = code(start, end, offset);

        assert_int_equal(dn_maps_add(maps, &m, dn_str_of(name)), 0);
}

/* Where the address is, as "name+offset"; "-" is nowhere. */
static void assert_at(const struct dn_maps *maps, uint64_t address, const char *expected) {
        const struct dn_mapping *m = dn_maps_find(maps, address);
        dn_autotext struct dn_text text = {0};

        if (m)
                dn_text_printf(&text, "%s+%lx", dn_mapping_name(maps, m), address - m->start + m->offset);
        assert_string_equal(m ? text.p : "-", expected);
}

static void a_line_has_a_range_an_offset_a_file_and_its_name(void **state) {
        struct dn_mapping m;
        struct dn_str name;

        assert_int_equal(dn_maps_parse(DN_STR("7f1c2a400000-7f1c2a422000 r-xp 00026000 fe:01 131096     "
                                              "                 /usr/lib/x86_64-linux-gnu/libc.so.6"),
                                       &m, &name),
                         0);
        assert_true(m.start == 0x7f1c2a400000 && m.end == 0x7f1c2a422000 && m.offset == 0x26000);
        assert_true(m.device == makedev(0xfe, 1) && m.inode == 131096 && m.executable && !m.deleted);
        assert_str_is(name, "/usr/lib/x86_64-linux-gnu/libc.so.6");
}

static void a_name_may_hold_blanks_and_what_looks_like_an_end(void **state) {
        struct dn_mapping m;
        struct dn_str name;

        assert_int_equal(dn_maps_parse(DN_STR("1000-2000 r-xp 0 08:01 7   /tmp/a  b (deleted)/c "), &m, &name), 0);
        assert_str_is(name, "/tmp/a  b (deleted)/c ");
        assert_false(m.deleted);
}

static void a_file_that_is_gone_has_its_name_and_says_so(void **state) {
        struct dn_mapping m;
        struct dn_str name;

        assert_int_equal(dn_maps_parse(DN_STR("1000-2000 r-xp 0 08:01 7   /tmp/a b (deleted)"), &m, &name), 0);
        assert_str_is(name, "/tmp/a b");
        assert_true(m.deleted);
        assert_int_equal(dn_maps_parse(DN_STR("1000-2000 r-xp 00000000 00:00 0 "), &m, &name), 0);
        assert_int_equal(name.n, 0);
}

static void what_is_no_such_line_is_refused(void **state) {
        static const struct dn_str bad[] = {
                DN_STR(""),
                DN_STR("1000-2000"),
                DN_STR("2000-1000 r-xp 0 08:01 7 /a"),
                DN_STR("1000-1000 r-xp 0 08:01 7 /a"),
                DN_STR("1000-2000 r-xp 0 08:01 /a"),
                DN_STR("1000-2000 r-x 0 08:01 7 /a"),
                DN_STR("1000-2000 r-qp 0 08:01 7 /a"),
                DN_STR("1000-2000 r-xp 0 0801 7 /a"),
                DN_STR("x000-2000 r-xp 0 08:01 7 /a"),
                DN_STR("11112222333344445-2000 r-xp 0 08:01 7 /a"),
                DN_STR("1000-2000 r-xp 0 08:01 7/a"),
        };
        struct dn_mapping m = {.start = 5};
        struct dn_str name = DN_STR("kept");

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                assert_int_equal(dn_maps_parse(bad[i], &m, &name), -EBADMSG);
        assert_int_equal(m.start, 5);
        assert_str_is(name, "kept");
}

static void of_a_file_what_can_be_executed_is_kept(void **state) {
        struct dn_maps maps = {0};

        assert_int_equal(dn_maps_read(&maps, DN_STR("1000-2000 r--p 00000000 08:01 7 /a\n"
                                                    "2000-3000 r-xp 00001000 08:01 7 /a\n"
                                                    "3000-4000 rw-p 00002000 08:01 7 /a\n"
                                                    "5000-6000 r-xp 00000000 08:01 8 /with\\012newline\n"
                                                    "7000-8000 rwxp 00000000 00:00 0\n")),
                         0);
        assert_int_equal(maps.n, 3);
        assert_at(&maps, 0x1fff, "-");
        assert_at(&maps, 0x2010, "/a+1010");
        assert_at(&maps, 0x3000, "-");
        assert_at(&maps, 0x5fff, "/with\nnewline+fff");
        assert_at(&maps, 0x7000, "+0");
        assert_int_equal(dn_maps_read(&maps, DN_STR("nonsense\n")), -EBADMSG);
        assert_int_equal(maps.n, 3);
        dn_maps_free(&maps);
}

static void a_mapping_lies_over_what_was_there(void **state) {
        struct dn_maps maps = {0};

        add(&maps, 0x1000, 0x5000, 0, "/a");
        add(&maps, 0x2000, 0x3000, 0x100000, "/b");
        assert_at(&maps, 0x1fff, "/a+fff");
        assert_at(&maps, 0x2000, "/b+100000");
        assert_at(&maps, 0x3000, "/a+2000");
        add(&maps, 0x0800, 0x2800, 0, "/c");
        assert_at(&maps, 0x27ff, "/c+1fff");
        assert_at(&maps, 0x2800, "/b+100800");
        add(&maps, 0x0, 0x10000, 0, "/d");
        assert_int_equal(maps.n, 1);
        dn_maps_free(&maps);
}

static void data_over_code_takes_its_place(void **state) {
        struct dn_maps maps = {0};
        struct dn_mapping data = code(0x2000, 0x3000, 0);

        data.executable = false;
        add(&maps, 0x1000, 0x4000, 0, "/a");
        assert_int_equal(dn_maps_add(&maps, &data, DN_STR("/data")), 0);
        assert_at(&maps, 0x1fff, "/a+fff");
        assert_at(&maps, 0x2fff, "-");
        assert_at(&maps, 0x3000, "/a+2000");
        dn_maps_free(&maps);
}

/* Page by page, against an array that says for each page what lies there. */
static void any_order_of_mappings_ends_as_mmap_has_it(void **state) {
        enum { PAGES = 64 };
        uint64_t seed = 9;

        for (int run = 0; run < 200; run++) {
                struct dn_maps maps = {0};
                int owner[PAGES] = {0}, first[PAGES] = {0};

                for (int i = 1; i <= 40; i++) {
                        uint32_t from = random_below(&seed, PAGES - 1);
                        uint32_t to = from + 1 + random_below(&seed, PAGES - from - 1);
                        char name[8];

                        snprintf(name, sizeof(name), "/%d", i);
                        add(&maps, from, to, 1000, name);
                        for (uint32_t p = from; p < to; p++) {
                                owner[p] = i;
                                first[p] = (int)from;
                        }
                }
                for (uint32_t p = 0; p < PAGES; p++) {
                        const struct dn_mapping *m = dn_maps_find(&maps, p);

                        assert_int_equal(m != NULL, owner[p] != 0);
                        if (!m)
                                continue;
                        assert_int_equal(atoi(dn_mapping_name(&maps, m) + 1), owner[p]);
                        assert_int_equal(p - m->start + m->offset, 1000 + (int)p - first[p]);
                }
                for (uint32_t i = 1; i < maps.n; i++)
                        assert_true(maps.list[i - 1].end <= maps.list[i].start);
                dn_maps_free(&maps);
        }
}

static void of_too_many_mappings_the_rest_is_counted(void **state) {
        struct dn_maps maps = {0};

        for (uint64_t i = 0; i < DN_MAPS_MAX + 10; i++)
                add(&maps, 0x1000 + i * 2, 0x1001 + i * 2, 0, "/a");
        assert_int_equal(maps.n, DN_MAPS_MAX);
        assert_int_equal(maps.lost, 10);
        dn_maps_free(&maps);
}

/* A process that loads and unloads for days. */
static void names_that_nothing_has_are_dropped(void **state) {
        struct dn_maps maps = {0};
        char name[1001];

        add(&maps, 0x100000, 0x101000, 0, "/stays");
        for (int i = 0; i < 20000; i++) {
                memset(name, 'a' + i % 26, sizeof(name) - 1);
                name[sizeof(name) - 1] = '\0';
                add(&maps, 0x1000, 0x2000, 0, name);
        }
        assert_true(maps.names.n < 2 << 20);
        assert_at(&maps, 0x100000, "/stays+0");
        assert_int_equal(strlen(dn_mapping_name(&maps, dn_maps_find(&maps, 0x1000))), 1000);
        dn_maps_free(&maps);
}

static void a_name_tells_whether_there_is_a_file(void **state) {
        static const struct {
                const char *name;
                bool is_file;
        } cases[] = {{"/bin/sh", true},        {"[vdso]", false},    {"", false},
                     {"//anon", false},        {"/dev/zero", false}, {"/SYSV00000000", false},
                     {"anon_inode:[x]", false}};

        for (size_t i = 0; i < DN_COUNT(cases); i++) {
                struct dn_maps maps = {0};

                add(&maps, 0x1000, 0x2000, 0, cases[i].name);
                assert_int_equal(dn_mapping_is_file(&maps, &maps.list[0]), cases[i].is_file);
                dn_maps_free(&maps);
        }
}

RUN_TESTS(cmocka_unit_test(a_line_has_a_range_an_offset_a_file_and_its_name),
          cmocka_unit_test(a_name_may_hold_blanks_and_what_looks_like_an_end),
          cmocka_unit_test(a_file_that_is_gone_has_its_name_and_says_so),
          cmocka_unit_test(what_is_no_such_line_is_refused), cmocka_unit_test(of_a_file_what_can_be_executed_is_kept),
          cmocka_unit_test(a_mapping_lies_over_what_was_there), cmocka_unit_test(data_over_code_takes_its_place),
          cmocka_unit_test(any_order_of_mappings_ends_as_mmap_has_it),
          cmocka_unit_test(of_too_many_mappings_the_rest_is_counted),
          cmocka_unit_test(names_that_nothing_has_are_dropped), cmocka_unit_test(a_name_tells_whether_there_is_a_file))
