/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "sink/output.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct place {
        char path[32], file[64];
        int fd;
};

static int set_up(void **state) {
        struct place *place = calloc(1, sizeof(*place));

        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_IGN);
        place->fd = make_directory(place->path);
        snprintf(place->file, sizeof(place->file), "%s/out", place->path);
        *state = place;
        return 0;
}

static int tear_down(void **state) {
        struct place *place = *state;

        remove_directory(place->fd, place->path);
        free(place);
        return 0;
}

static void assert_file_is(const struct place *place, const char *expected) {
        dn_autotext struct dn_text text = {0};
        dn_autoclose int fd = openat(place->fd, "out", O_RDONLY | O_CLOEXEC);
        char *room;
        ssize_t n;

        assert_true(fd >= 0);
        while ((room = dn_text_reserve(&text, 4096)) && (n = read(fd, room, 4096)) > 0)
                text.n += (size_t)n;
        assert_text_is(&text, expected);
}

static bool is_there(const struct place *place) {
        return faccessat(place->fd, "out", F_OK, 0) == 0;
}

/* Until it is given back, no file grows beyond this. */
static struct rlimit limit_files(rlim_t size) {
        struct rlimit before, now;

        getrlimit(RLIMIT_FSIZE, &before);
        now = (struct rlimit){.rlim_cur = size, .rlim_max = before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &now);
        return before;
}

static void old_content_stands_until_the_first_record(void **state) {
        const struct place *place = *state;
        struct dn_output out;

        write_file(place->fd, "out", "old content, longer than the new");
        assert_int_equal(dn_output_open(&out, place->file), 0);
        assert_file_is(place, "old content, longer than the new");
        assert_int_equal(dn_output_put(&out, DN_STR("new\n")), 0);
        assert_int_equal(dn_output_put(&out, DN_STR("more\n")), 0);
        assert_file_is(place, "new\nmore\n");
        assert_int_equal(dn_output_close(&out), 0);
        assert_file_is(place, "new\nmore\n");
}

static void old_content_stands_where_nothing_came(void **state) {
        const struct place *place = *state;
        struct dn_output out;

        write_file(place->fd, "out", "old");
        assert_int_equal(dn_output_open(&out, place->file), 0);
        assert_int_equal(dn_output_close(&out), 0);
        assert_file_is(place, "old");
}

static void a_file_made_for_nothing_is_removed(void **state) {
        const struct place *place = *state;
        struct dn_output out;

        assert_int_equal(dn_output_open(&out, place->file), 0);
        assert_true(is_there(place));
        assert_int_equal(dn_output_close(&out), 0);
        assert_false(is_there(place));
}

static void anothers_file_of_the_same_name_is_not_removed(void **state) {
        const struct place *place = *state;
        struct dn_output out;

        assert_int_equal(dn_output_open(&out, place->file), 0);
        unlinkat(place->fd, "out", 0);
        write_file(place->fd, "out", "theirs");
        assert_int_equal(dn_output_close(&out), 0);
        assert_file_is(place, "theirs");
}

static void what_can_not_be_opened_is_said(void **state) {
        const struct place *place = *state;
        struct dn_output out;

        assert_int_equal(dn_output_open(&out, place->path), -EISDIR);
        assert_int_equal(dn_output_open(&out, "/nonexistent/out"), -ENOENT);
}

static void a_link_to_nothing_makes_the_file(void **state) {
        const struct place *place = *state;
        char link[80];
        struct dn_output out;

        snprintf(link, sizeof(link), "%s/link", place->path);
        assert_int_equal(symlinkat("out", place->fd, "link"), 0);
        assert_int_equal(dn_output_open(&out, link), 0);
        assert_int_equal(dn_output_put(&out, DN_STR("x\n")), 0);
        assert_int_equal(dn_output_close(&out), 0);
        assert_file_is(place, "x\n");
}

static void a_full_device_refuses(void **state) {
        struct dn_output out;

        if (access("/dev/full", W_OK) < 0)
                skip();
        assert_int_equal(dn_output_open(&out, "/dev/full"), 0);
        assert_int_equal(dn_output_put(&out, DN_STR("x\n")), -ENOSPC);
        assert_int_equal(dn_output_close(&out), 0);
}

static void a_record_that_does_not_fit_leaves_no_piece(void **state) {
        const struct place *place = *state;
        struct rlimit before;
        struct dn_output out;

        assert_int_equal(dn_output_open(&out, place->file), 0);
        before = limit_files(10);
        assert_int_equal(dn_output_put(&out, DN_STR("1234567\n")), 0);
        assert_int_equal(dn_output_put(&out, DN_STR("abcdefg\n")), -EFBIG);
        assert_file_is(place, "1234567\n");
        assert_int_equal(dn_output_put(&out, DN_STR("x\n")), 0);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(dn_output_put(&out, DN_STR("y\n")), 0);
        assert_int_equal(dn_output_close(&out), 0);
        assert_file_is(place, "1234567\nx\ny\n");
}

static void a_line_goes_out_with_its_newline_or_not_at_all(void **state) {
        const struct place *place = *state;
        struct rlimit before;
        struct dn_output out;

        assert_int_equal(dn_output_open(&out, place->file), 0);
        before = limit_files(10);
        assert_int_equal(dn_output_put_line(&out, DN_STR("123456")), 0);
        assert_int_equal(dn_output_put_line(&out, DN_STR("abc")), -EFBIG); /* only its newline does not fit */
        assert_file_is(place, "123456\n");
        assert_int_equal(dn_output_put_line(&out, DN_STR("de")), 0);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(dn_output_put_line(&out, DN_STR("")), 0);
        assert_int_equal(dn_output_close(&out), 0);
        assert_file_is(place, "123456\nde\n\n");
}

static void of_bytes_that_are_no_record_a_part_may_go(void **state) {
        const struct place *place = *state;
        struct rlimit before;
        struct dn_output out;
        size_t done;

        assert_int_equal(dn_output_open(&out, place->file), 0);
        before = limit_files(4);
        assert_int_equal(dn_output_push(&out, DN_STR("123456"), &done), -EFBIG);
        assert_int_equal(done, 4);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(dn_output_push(&out, DN_STR("56"), &done), 0);
        assert_int_equal(done, 2);
        assert_int_equal(dn_output_close(&out), 0);
        assert_file_is(place, "123456");
}

static void a_first_record_that_does_not_fit_leaves_no_file(void **state) {
        const struct place *place = *state;
        struct rlimit before;
        struct dn_output out;

        assert_int_equal(dn_output_open(&out, place->file), 0);
        before = limit_files(3);
        assert_int_equal(dn_output_put(&out, DN_STR("1234567\n")), -EFBIG);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(dn_output_close(&out), 0);
        assert_false(is_there(place));
}

static void a_borrowed_file_keeps_what_it_held(void **state) {
        const struct place *place = *state;
        dn_autoclose int fd = -1;
        struct rlimit before;
        struct dn_output out;

        write_file(place->fd, "out", "before\n");
        fd = openat(place->fd, "out", O_WRONLY | O_CLOEXEC);
        lseek(fd, 0, SEEK_END);
        dn_output_borrow(&out, fd);
        before = limit_files(10);
        assert_int_equal(dn_output_put(&out, DN_STR("12345\n")), -EFBIG);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_file_is(place, "before\n");
        assert_int_equal(dn_output_put(&out, DN_STR("after\n")), 0);
        assert_int_equal(dn_output_close(&out), 0);
        assert_true(fcntl(fd, F_GETFD) >= 0);
        assert_file_is(place, "before\nafter\n");
}

/* Behind O_APPEND the end may be somebody else's, so the piece stays, and the next record begins its own line. */
static void a_piece_that_must_stay_is_a_line_of_its_own(void **state) {
        const struct place *place = *state;
        dn_autoclose int fd = openat(place->fd, "out", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        struct rlimit before;
        struct dn_output out;

        dn_output_borrow(&out, fd);
        before = limit_files(3);
        assert_int_equal(dn_output_put(&out, DN_STR("12345\n")), -EFBIG);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(dn_output_put(&out, DN_STR("whole\n")), 0);
        assert_int_equal(dn_output_put(&out, DN_STR("next\n")), 0);
        assert_int_equal(dn_output_close(&out), 0);
        assert_file_is(place, "123\nwhole\nnext\n");
}

static void a_reader_that_is_gone_is_an_error(void **state) {
        struct dn_output out;
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        close(ends[0]);
        dn_output_borrow(&out, ends[1]);
        assert_int_equal(dn_output_put(&out, DN_STR("x\n")), -EPIPE);
        assert_int_equal(dn_output_close(&out), 0);
        close(ends[1]);
}

/* Reads all that comes, late and slowly, and ends with 0 if it was so many bytes, all 'x'. */
static void read_slowly(int fd, size_t expected) {
        char buffer[4096];
        size_t sum = 0;
        ssize_t n;

        usleep(20000);
        while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
                for (ssize_t i = 0; i < n; i++)
                        if (buffer[i] != 'x')
                                _exit(2);
                sum += (size_t)n;
        }
        _exit(sum != expected);
}

static void a_full_pipe_is_waited_for(void **state) {
        static char record[400000];
        struct dn_output out;
        int ends[2], status;
        pid_t reader;

        memset(record, 'x', sizeof(record));
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        reader = fork();
        if (reader == 0) {
                close(ends[1]);
                read_slowly(ends[0], 3 * sizeof(record));
        }
        close(ends[0]);
        assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
        dn_output_borrow(&out, ends[1]);
        for (int i = 0; i < 3; i++)
                assert_int_equal(dn_output_put(&out, (struct dn_str){record, sizeof(record)}), 0);
        close(ends[1]);
        assert_int_equal(waitpid(reader, &status, 0), reader);
        assert_int_equal(status, 0);
}

static void a_descriptor_that_is_none_is_an_error(void **state) {
        struct dn_output out;

        dn_output_borrow(&out, -1);
        assert_int_equal(dn_output_put(&out, DN_STR("x\n")), -EBADF);
        assert_int_equal(dn_output_close(&out), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(old_content_stands_until_the_first_record), TEST(old_content_stands_where_nothing_came),
          TEST(a_file_made_for_nothing_is_removed), TEST(anothers_file_of_the_same_name_is_not_removed),
          TEST(what_can_not_be_opened_is_said), TEST(a_link_to_nothing_makes_the_file), TEST(a_full_device_refuses),
          TEST(a_record_that_does_not_fit_leaves_no_piece), TEST(a_line_goes_out_with_its_newline_or_not_at_all),
          TEST(of_bytes_that_are_no_record_a_part_may_go), TEST(a_first_record_that_does_not_fit_leaves_no_file),
          TEST(a_borrowed_file_keeps_what_it_held), TEST(a_piece_that_must_stay_is_a_line_of_its_own),
          TEST(a_reader_that_is_gone_is_an_error), TEST(a_full_pipe_is_waited_for),
          TEST(a_descriptor_that_is_none_is_an_error))
