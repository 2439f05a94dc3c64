/* SPDX-License-Identifier: GPL-3.0-or-later
 * Compressed sinks and inputs, with every codec that is built. */
#include "records.h"
#include "sink/sink.h"
#include "stream/input.h"

#include <signal.h>
#include <sys/resource.h>

static char directory[32];
static int directory_fd;
static char path[64];

static int set_up(void **state) {
        signal(SIGXFSZ, SIG_IGN);
        directory_fd = make_directory(directory);
        return 0;
}

static int tear_down(void **state) {
        remove_directory(directory_fd, directory);
        return 0;
}

/* The test once with each codec that is built: TEST_CODECS is "zstd", "gzip" … */
static void with_each(void (*test)(void)) {
        static const char *const built[] = {TEST_CODECS};

        for (size_t i = 0; i < DN_COUNT(built); i++) {
                snprintf(path, sizeof(path), "%s/out.jsonl%s", directory,
                         strcmp(built[i], "zstd") == 0 ? ".zst" : ".gz");
                test();
                unlink(path);
        }
}

static struct denet_sink *open_sink(void) {
        dn_autotext struct dn_text why = {0};
        struct denet_sink *s;

        assert_int_equal(dn_sink_open(&s, path, NULL, &why), 0);
        return s;
}

static int put(struct denet_sink *s, const char *line) {
        struct denet_record r = {.kind = DN_CHILD, .text = dn_str_of(line)};

        return dn_sink_put(s, &r);
}

/* What the file unpacks to; the last result of reading. */
static int unpack(struct dn_text *ret_text) {
        dn_autotext struct dn_text why = {0};
        struct dn_input in;
        char part[7];
        ssize_t n;

        dn_text_reset(ret_text);
        assert_int_equal(dn_input_open(&in, path, &why), 0);
        while ((n = dn_input_read(&in, part, sizeof(part))) > 0)
                dn_text_put(ret_text, (struct dn_str){part, (size_t)n});
        dn_input_close(&in);
        return (int)n;
}

static void assert_unpacks_to(const char *expected) {
        dn_autotext struct dn_text text = {0};

        assert_int_equal(unpack(&text), 0);
        assert_text_is(&text, expected);
}

static off_t size_of_file(void) {
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        return st.st_size;
}

static void comes_back(void) {
        struct denet_sink *s = open_sink();

        assert_int_equal(put(s, "{\"a\":1}"), 0);
        assert_int_equal(put(s, "{\"b\":2}"), 0);
        assert_int_equal(dn_sink_close(s), 0);
        assert_unpacks_to("{\"a\":1}\n{\"b\":2}\n");
}

static void what_was_packed_comes_back(void **state) {
        with_each(comes_back);
}

static void flushed_at_once(void) {
        struct denet_sink *s = open_sink();

        assert_int_equal(put(s, "{\"a\":1}"), 0);
        assert_unpacks_to("{\"a\":1}\n"); /* the first one does not wait */
        assert_int_equal(put(s, "{\"b\":2}"), 0);
        s->pack.flushed_ns -= 2000000000;
        assert_int_equal(put(s, "{\"c\":3}"), 0);
        assert_unpacks_to("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
        assert_int_equal(dn_sink_close(s), 0);
}

static void once_a_second_all_can_be_read_back(void **state) {
        with_each(flushed_at_once);
}

static void full_disk(void) {
        struct denet_sink *s = open_sink();
        struct rlimit before, now;
        int lost = 0;

        assert_int_equal(put(s, "{\"a\":1}"), 0);
        getrlimit(RLIMIT_FSIZE, &before);
        now = (struct rlimit){.rlim_cur = (rlim_t)size_of_file() + 3, .rlim_max = before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &now);
        for (int i = 0; i < 3; i++) {
                s->pack.flushed_ns = 0;
                lost += put(s, "{\"b\":2}") == -EFBIG;
        }
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(lost, 2); /* the first of them was taken, and waits */
        assert_int_equal(s->lost, 2);
        assert_int_equal(put(s, "{\"c\":3}"), 0);
        assert_int_equal(dn_sink_close(s), 0);
        assert_unpacks_to("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
}

static void when_there_is_room_again_the_stream_goes_on_without_a_hole(void **state) {
        with_each(full_disk);
}

static void cut_off(void) {
        dn_autotext struct dn_text text = {0}, whole = {0};
        struct denet_sink *s = open_sink();
        uint64_t seed = 1;

        for (int i = 0; i < 3000; i++) {
                char line[64];

                snprintf(line, sizeof(line), "{\"n\":%llu}", (unsigned long long)random_next(&seed));
                assert_int_equal(put(s, line), 0);
        }
        assert_int_equal(dn_sink_close(s), 0);
        assert_int_equal(unpack(&whole), 0);
        for (off_t size = size_of_file() - 1; size > 4; size -= size / 10 + 1) {
                assert_int_equal(truncate(path, size), 0);
                assert_int_equal(unpack(&text), 0);
                assert_true(text.n <= whole.n && memcmp(text.p ? text.p : "", whole.p, text.n) == 0);
        }
}

static void a_file_cut_off_gives_what_is_there(void **state) {
        with_each(cut_off);
}

static void damaged(void) {
        dn_autotext struct dn_text text = {0}, whole = {0};
        struct denet_sink *s = open_sink();
        int found = 0, rounds = 0;
        uint64_t seed = 2;

        for (int i = 0; i < 500; i++) {
                char line[64];

                snprintf(line, sizeof(line), "{\"n\":%llu}", (unsigned long long)random_next(&seed));
                assert_int_equal(put(s, line), 0);
        }
        assert_int_equal(dn_sink_close(s), 0);
        assert_int_equal(unpack(&whole), 0);
        for (off_t at = 12; at < size_of_file() - 1; at += 97) {
                dn_autoclose int fd = open(path, O_RDWR | O_CLOEXEC);
                char c, other;

                assert_int_equal(pread(fd, &c, 1, at), 1);
                other = (char)(c ^ 0x55);
                assert_int_equal(pwrite(fd, &other, 1, at), 1);
                found += unpack(&text) == -EUCLEAN;
                rounds++;
                assert_int_equal(pwrite(fd, &c, 1, at), 1);
        }
        assert_true(found > rounds * 9 / 10); /* the rest ends early: a length was hit */
        assert_int_equal(unpack(&text), 0);
}

static void a_damaged_file_is_said_to_be_so(void **state) {
        with_each(damaged);
}

static void append(const char *bytes, size_t n) {
        dn_autoclose int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

        assert_int_equal(write(fd, bytes, n), n);
}

static void joined(void) {
        char bytes[256];
        dn_autoclose int fd = -1;
        ssize_t n;

        comes_back();
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = read(fd, bytes, sizeof(bytes));
        assert_true(n > 0);
        append(bytes, (size_t)n);
        assert_unpacks_to("{\"a\":1}\n{\"b\":2}\n{\"a\":1}\n{\"b\":2}\n");
}

static void files_that_were_joined_are_read_through(void **state) {
        with_each(joined);
}

static void padded(void) {
        dn_autotext struct dn_text text = {0};

        if (!strstr(path, ".gz"))
                return;
        comes_back();
        append("\0\0\0\0\0", 5);
        assert_unpacks_to("{\"a\":1}\n{\"b\":2}\n");
        append("more", 4);
        assert_int_equal(unpack(&text), -EUCLEAN);
}

static void padding_behind_gzip_is_let_through(void **state) {
        with_each(padded);
}

static void nothing(void) {
        assert_int_equal(dn_sink_close(open_sink()), 0);
        assert_int_equal(access(path, F_OK), -1);
}

static void nothing_written_leaves_no_file(void **state) {
        with_each(nothing);
}

static void a_module_that_is_not_there_is_named(void **state) {
        dn_autotext struct dn_text why = {0};
        struct dn_loaded loaded;

        assert_int_equal(dn_module_open(&loaded, "none", &why), -ENOENT);
        assert_non_null(strstr(dn_text_cstr(&why), "denet-none.so is not installed"));
}

static void the_codec_is_told_by_the_last_ending(void **state) {
        struct dn_str name = DN_STR("a.zst.gz");

        assert_string_equal(dn_pack_codec(&name), "gzip");
        assert_str_is(name, "a.zst");
        name = DN_STR("a.gz.jsonl");
        assert_null(dn_pack_codec(&name));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(what_was_packed_comes_back), TEST(once_a_second_all_can_be_read_back),
          TEST(when_there_is_room_again_the_stream_goes_on_without_a_hole), TEST(a_file_cut_off_gives_what_is_there),
          TEST(a_damaged_file_is_said_to_be_so), TEST(files_that_were_joined_are_read_through),
          TEST(padding_behind_gzip_is_let_through), TEST(nothing_written_leaves_no_file),
          TEST(a_module_that_is_not_there_is_named), TEST(the_codec_is_told_by_the_last_ending))
