/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "common.h"

struct place {
        char path[32];
        int fd;
};

static int set_up(void **state) {
        struct place *place = calloc(1, sizeof(*place));

        place->fd = make_directory(place->path);
        *state = place;
        return 0;
}

static int tear_down(void **state) {
        struct place *place = *state;

        remove_directory(place->fd, place->path);
        free(place);
        return 0;
}

static void a_file_is_read_up_to_the_room(void **state) {
        const struct place *place = *state;
        char buffer[4];

        write_file(place->fd, "f", "abcdef");
        assert_int_equal(dn_file_read(place->fd, "f", buffer, sizeof(buffer)), 4);
        assert_memory_equal(buffer, "abcd", 4);
        assert_int_equal(dn_file_read(place->fd, "none", buffer, sizeof(buffer)), -ENOENT);
}

static void reread_begins_at_the_start_again(void **state) {
        const struct place *place = *state;
        dn_autoclose int fd = -1;
        char buffer[8];

        write_file(place->fd, "f", "abc");
        fd = openat(place->fd, "f", O_RDONLY | O_CLOEXEC);
        assert_int_equal(dn_file_reread(fd, buffer, sizeof(buffer)), 3);
        assert_int_equal(dn_file_reread(fd, buffer, sizeof(buffer)), 3);
        assert_memory_equal(buffer, "abc", 3);
        assert_int_equal(dn_file_reread(-1, buffer, sizeof(buffer)), -EBADF);
}

static void append_takes_all_up_to_the_limit(void **state) {
        const struct place *place = *state;
        dn_autotext struct dn_text text = {0}, content = {0};

        for (int i = 0; i < 3000; i++)
                dn_text_printf(&content, "%04d", i);
        write_file(place->fd, "f", dn_text_cstr(&content));
        dn_text_put(&text, DN_STR("before "));
        assert_int_equal(dn_file_append(place->fd, "f", SIZE_MAX, &text), 0);
        assert_int_equal(text.n, 7 + 12000);
        dn_text_reset(&text);
        assert_int_equal(dn_file_append(place->fd, "f", 5, &text), 0);
        assert_text_is(&text, "00000");
        assert_int_equal(dn_file_append(place->fd, "none", 5, &text), -ENOENT);
}

static void a_number_file_is_one_number(void **state) {
        const struct place *place = *state;
        uint64_t value;

        write_file(place->fd, "good", " 1234\n");
        write_file(place->fd, "bad", "max\n");
        assert_int_equal(dn_file_u64(place->fd, "good", &value), 0);
        assert_int_equal(value, 1234);
        assert_int_equal(dn_file_u64(place->fd, "bad", &value), -EBADMSG);
        assert_int_equal(dn_file_u64(place->fd, "none", &value), -ENOENT);
}

static void only_a_directory_is_a_directory(void **state) {
        const struct place *place = *state;
        dn_autoclose int fd = dn_file_directory(AT_FDCWD, place->path);

        assert_true(fd >= 0);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        write_file(place->fd, "f", "");
        assert_int_equal(dn_file_directory(place->fd, "f"), -ENOTDIR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(a_file_is_read_up_to_the_room), TEST(reread_begins_at_the_start_again),
          TEST(append_takes_all_up_to_the_limit), TEST(a_number_file_is_one_number),
          TEST(only_a_directory_is_a_directory))
