/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "common.h"
#include "modules/symbols/folded.h"

/* Adds a stack of names, innermost first, NULL at the end. */
static int add(struct dn_folded *f, const char *process, const char *const *list, bool whole, uint64_t value) {
        struct dn_frames frames = {0};
        int r;

        for (; *list; list++) {
                enum dn_frame_kind kind = strncmp(*list, "k:", 2) == 0 ? DN_FRAME_KERNEL : DN_FRAME_USER;

                assert_int_equal(dn_frames_add_named(&frames, kind, 0, dn_str_of(*list)), 0);
        }
        r = dn_folded_add(f, dn_str_of(process), &frames, whole, value);
        dn_frames_free(&frames);
        return r;
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* As a file. */
static void assert_written(const struct dn_folded *f, const char *expected) {
        dn_autotext struct dn_text text = {0}, name = {0};
        char path[32];
        int fd = make_directory(path);

        dn_text_printf(&name, "%s/out.folded", path);
        assert_int_equal(dn_folded_write(f, name.p), 0);
        assert_int_equal(dn_file_append(fd, "out.folded", 1 << 20, &text), 0);
        assert_text_is(&text, expected);
        remove_directory(fd, path);
}

static void lines_are_outermost_first_and_the_same_ones_are_summed(void **state) {
        struct dn_folded *f;

        assert_int_equal(dn_folded_new(0, &f), 0);
        assert_int_equal(add(f, "b", NAMES("k:schedule", "read", "main"), true, 5), 0);
        assert_int_equal(add(f, "a", NAMES("write", "main"), true, 7), 0);
        assert_int_equal(add(f, "b", NAMES("k:schedule", "read", "main"), true, UINT64_C(5000000000)), 0);
        assert_written(f, "a;main;write 7\nb;main;read;k:schedule_[k] 5000000005\n");
        dn_folded_free(f);
}

static void what_would_break_a_line_is_replaced(void **state) {
        struct dn_folded *f;

        assert_int_equal(dn_folded_new(0, &f), 0);
        assert_int_equal(add(f, "a;b\nc", NAMES("operator new (int) 7", " x\t;\xff", ""), true, 1), 0);
        assert_written(f, "a:b_c;0x0;x_:\xef\xbf\xbd;operator new (int) 7 1\n");
        dn_folded_free(f);
}

static void a_stack_that_is_not_whole_stands_apart(void **state) {
        struct dn_folded *f;

        assert_int_equal(dn_folded_new(0, &f), 0);
        assert_int_equal(add(f, "a", NAMES("read"), false, 1), 0);
        assert_int_equal(add(f, "a", NAMES("read"), true, 2), 0);
        assert_written(f, "a;[cut];read 1\na;read 2\n");
        dn_folded_free(f);
}

static void beyond_its_memory_what_is_lost_is_counted(void **state) {
        struct dn_folded *f;
        uint64_t kept = 0, lost = 0;

        assert_int_equal(dn_folded_new(1000, &f), 0);
        for (uint64_t i = 0; i < 100; i++) {
                char name[16];
                int r;

                snprintf(name, sizeof(name), "f%d", (int)i);
                r = add(f, "a", NAMES(name), true, i);
                assert_true(r == 0 || r == -ENOBUFS);
                *(r == 0 ? &kept : &lost) += i;
        }
        assert_true(kept > 0 && lost > 0);
        assert_int_equal(dn_folded_lost(f), lost);
        assert_int_equal(add(f, "a", NAMES("f1"), true, 1), 0); /* a line that is there grows all the same */
        dn_folded_free(f);
}

static void a_file_stands_until_the_new_one_is_whole(void **state) {
        dn_autotext struct dn_text text = {0}, name = {0};
        struct dn_folded *f;
        char path[32];
        int fd = make_directory(path);

        write_file(fd, "out", "old\n");
        dn_text_printf(&name, "%s/none/out", path);
        assert_int_equal(dn_folded_new(0, &f), 0);
        assert_int_equal(add(f, "a", NAMES("read"), true, 1), 0);
        assert_int_equal(dn_folded_write(f, name.p), -ENOENT);
        dn_text_reset(&name);
        dn_text_printf(&name, "%s/out", path);
        assert_int_equal(dn_folded_write(f, name.p), 0);
        assert_int_equal(dn_file_append(fd, "out", 100, &text), 0);
        assert_text_is(&text, "a;read 1\n");
        assert_int_equal(dn_folded_write(f, "/dev/full"), -ENOSPC);
        assert_int_equal(dn_folded_write(f, "/dev/null"), 0);
        dn_folded_free(f);
        remove_directory(fd, path);
}

RUN_TESTS(cmocka_unit_test(lines_are_outermost_first_and_the_same_ones_are_summed),
          cmocka_unit_test(what_would_break_a_line_is_replaced),
          cmocka_unit_test(a_stack_that_is_not_whole_stands_apart),
          cmocka_unit_test(beyond_its_memory_what_is_lost_is_counted),
          cmocka_unit_test(a_file_stands_until_the_new_one_is_whole))
