/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "scene.h"
#include "sources/linux/parse_io.h"

#define FILE_OF(rchar) \
        "rchar: " rchar "\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n"

static int parse(struct dn_str file, struct dn_io *ret_io) {
        struct dn_str exact = scene_exact(file);
        int r = dn_io_parse(exact, ret_io);

        free((void *)exact.p);
        return r;
}

static struct dn_io recorded(const struct scene *scene, const char *name, const char *file) {
        dn_autotext struct dn_text text = {0};
        struct dn_io io = {0};

        assert_true(scene_read(scene, name, file, &text));
        assert_int_equal(parse(dn_text_str(&text), &io), 0);
        return io;
}

static void what_was_read_and_written_is_exact(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct dn_io io;

                scene_load(&scene, scene_kernels[k]);
                io = recorded(&scene, "io", "io");
                assert_int_equal(io.rchar, 500000);
                assert_int_equal(io.syscr, 50);
                assert_int_equal(io.wchar, 1008192);
                assert_int_equal(io.syscw, 101);
        }
}

/* 6.18 alone was recorded with a disk. */
static void a_disk_has_what_was_synced_and_what_was_cancelled(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                bool disk = strcmp(scene_kernels[k], "6.18") == 0;
                struct dn_io io;

                scene_load(&scene, scene_kernels[k]);
                io = recorded(&scene, "io", "io");
                assert_int_equal(io.cancelled_write_bytes, disk ? 8192 : 0);
                assert_int_equal(io.write_bytes, disk ? 1019904 : 0);
        }
}

static void threads_and_reaped_children_are_in_it(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_int_equal(recorded(&scene, "threads", "io").wchar, 3000);
                assert_int_equal(recorded(&scene, "threads", "io").syscw, 3);
                assert_int_equal(recorded(&scene, "reaped", "io").wchar, 300000);
                assert_int_equal(recorded(&scene, "reaped", "io").syscw, 30);
                assert_int_equal(recorded(&scene, "zombie", "io").wchar, 1000);
                assert_int_equal(recorded(&scene, "zombie", "io").syscw, 1);
        }
}

static void numbers_stand_under_their_names(void **state) {
        struct dn_io io;

        assert_int_equal(parse(DN_STR(FILE_OF("1")), &io), 0);
        assert_int_equal(io.rchar, 1);
        assert_int_equal(io.wchar, 2);
        assert_int_equal(io.syscr, 3);
        assert_int_equal(io.syscw, 4);
        assert_int_equal(io.read_bytes, 5);
        assert_int_equal(io.write_bytes, 6);
        assert_int_equal(io.cancelled_write_bytes, 7);
}

static void a_file_without_one_of_its_lines_is_refused(void **state) {
        static const struct dn_str file = DN_STR(FILE_OF("1"));
        const char *last = memrchr(file.p, '7', file.n);
        struct dn_io io, before;

        memset(&before, 0xa5, sizeof(before));
        io = before;
        for (size_t n = 0; file.p + n <= last; n++)
                assert_int_equal(parse((struct dn_str){file.p, n}, &io), -EBADMSG);
        assert_memory_equal(&io, &before, sizeof(io));
}

static void what_is_no_such_file_is_refused(void **state) {
        static const struct dn_str bad[] = {
                DN_STR("\0\0\0"),
                DN_STR("\n\n\n\n\n\n\n"),
                DN_STR("wchar: 2\nrchar: 1\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n"),
                DN_STR(FILE_OF("")),
                DN_STR(FILE_OF("-1")),
                DN_STR(FILE_OF("1 2")),
                DN_STR(FILE_OF("1 kB")),
                DN_STR(FILE_OF("0x1")),
                DN_STR(FILE_OF("18446744073709551616")),
                DN_STR(FILE_OF("18446744073709551615")),
                DN_STR("rchar: 1\0\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: "
                       "6\ncancelled_write_bytes: 7\n"),
        };
        struct dn_io io;

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                if (parse(bad[i], &io) != -EBADMSG)
                        fail_msg("taken: %.*s", (int)bad[i].n, bad[i].p);
}

/* ---- against a reader that looks for each line by its key ---- */

static int parse_plainly(struct dn_str file, uint64_t v[7]) {
        static const char *const keys[] = {
                "rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes", "cancelled_write_bytes"};
        uint64_t all = 0;

        for (size_t i = 0; i < DN_COUNT(keys); i++) {
                struct dn_str value;

                if (!dn_str_value(&file, dn_str_of(keys[i]), &value) || !dn_str_u64(value, &v[i]))
                        return -EBADMSG;
                all |= v[i];
        }
        return all >> 61 ? -EBADMSG : 0;
}

static void assert_as_the_plain_reader(struct dn_str file) {
        struct dn_io io = {0};
        uint64_t v[7];
        int r = parse(file, &io);

        if (r != parse_plainly(file, v) ||
            (r == 0 && (io.rchar != v[0] || io.wchar != v[1] || io.syscr != v[2] || io.syscw != v[3] ||
                        io.read_bytes != v[4] || io.write_bytes != v[5] || io.cancelled_write_bytes != v[6])))
                fail_msg("%d: %.*s", r, (int)file.n, file.p);
}

static void whatever_becomes_of_a_file_it_is_read_as_line_after_line(void **state) {
        scene_change_each("io", assert_as_the_plain_reader);
}

RUN_TESTS(cmocka_unit_test(what_was_read_and_written_is_exact),
          cmocka_unit_test(a_disk_has_what_was_synced_and_what_was_cancelled),
          cmocka_unit_test(threads_and_reaped_children_are_in_it), cmocka_unit_test(numbers_stand_under_their_names),
          cmocka_unit_test(a_file_without_one_of_its_lines_is_refused),
          cmocka_unit_test(what_is_no_such_file_is_refused),
          cmocka_unit_test(whatever_becomes_of_a_file_it_is_read_as_line_after_line))
