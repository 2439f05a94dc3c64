/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "records.h"
#include "sink/sink.h"

#include <signal.h>
#include <sys/resource.h>

struct place {
        char path[32], file[64];
        int fd;
};

static int set_up(void **state) {
        struct place *place = calloc(1, sizeof(*place));

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
        char buffer[4096];
        dn_autoclose int fd = openat(place->fd, "out", O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, buffer, sizeof(buffer) - 1);

        assert_true(n >= 0);
        buffer[n] = '\0';
        assert_string_equal(buffer, expected);
}

static const struct denet_record one = {.kind = DN_CHILD, .text = {"{\"one\":1}", 9}};
static const struct denet_record two = {.kind = DN_CHILD, .text = {"{\"two\":2}", 9}};

static struct denet_sink *open_sink(const struct place *place, const struct dn_sink_kind *kind) {
        struct denet_sink *s;

        assert_int_equal(dn_sink_open(&s, place->file, kind, NULL), 0);
        return s;
}

static void the_kind_is_told_by_name_and_by_path(void **state) {
        assert_ptr_equal(dn_sink_kind_find(DN_STR("csv")), &dn_sink_csv);
        assert_ptr_equal(dn_sink_kind_find(DN_STR("json")), &dn_sink_json);
        assert_ptr_equal(dn_sink_kind_find(DN_STR("jsonl")), &dn_sink_jsonl);
        assert_null(dn_sink_kind_find(DN_STR("xml")));
        assert_ptr_equal(dn_sink_kind_of_path(DN_STR("a.csv")), &dn_sink_csv);
        assert_ptr_equal(dn_sink_kind_of_path(DN_STR("a.json")), &dn_sink_json);
        assert_ptr_equal(dn_sink_kind_of_path(DN_STR("a.jsonl")), &dn_sink_jsonl);
        assert_ptr_equal(dn_sink_kind_of_path(DN_STR("a")), &dn_sink_jsonl);
}

static void json_lines_are_a_record_a_line(void **state) {
        const struct place *place = *state;
        struct denet_sink *s = open_sink(place, NULL);

        assert_int_equal(dn_sink_put(s, &one), 0);
        assert_file_is(place, "{\"one\":1}\n");
        assert_int_equal(dn_sink_put(s, &two), 0);
        assert_int_equal(dn_sink_close(s), 0);
        assert_file_is(place, "{\"one\":1}\n{\"two\":2}\n");
}

static void json_is_one_array(void **state) {
        const struct place *place = *state;
        struct denet_sink *s = open_sink(place, &dn_sink_json);

        assert_int_equal(dn_sink_put(s, &one), 0);
        assert_int_equal(dn_sink_put(s, &two), 0);
        assert_int_equal(dn_sink_close(s), 0);
        assert_file_is(place, "[\n{\"one\":1},\n{\"two\":2}\n]\n");
}

static void json_of_nothing_is_an_empty_array(void **state) {
        const struct place *place = *state;

        assert_int_equal(dn_sink_close(open_sink(place, &dn_sink_json)), 0);
        assert_file_is(place, "[]\n");
}

static void csv_has_its_header_once_and_rows_alone(void **state) {
        const struct place *place = *state;
        struct denet_sink *s = open_sink(place, &dn_sink_csv);
        made_cleanup struct made m;
        char buffer[8192];
        ssize_t n;
        int lines = 0;

        make(&m, DN_TREE, true);
        assert_int_equal(dn_sink_put(s, &one), 0);
        assert_int_equal(dn_sink_put(s, &m.record), 0);
        assert_int_equal(dn_sink_put(s, &m.record), 0);
        m.record.kind = DN_EXIT;
        assert_int_equal(dn_sink_put(s, &m.record), 0);
        assert_int_equal(s->written, 2);
        assert_int_equal(s->lost, 0);
        assert_int_equal(dn_sink_close(s), 0);
        n = dn_file_read(place->fd, "out", buffer, sizeof(buffer));
        for (ssize_t i = 0; i < n; i++)
                lines += buffer[i] == '\n';
        assert_int_equal(lines, 3);
        assert_true(dn_str_starts((struct dn_str){buffer, (size_t)n}, DN_STR("ts_ms,elapsed_us,")));
}

static void nothing_written_leaves_no_file(void **state) {
        const struct place *place = *state;

        assert_int_equal(dn_sink_close(open_sink(place, &dn_sink_jsonl)), 0);
        assert_int_equal(faccessat(place->fd, "out", F_OK, 0), -1);
}

static void a_refused_record_is_left_out_whole_and_counted(void **state) {
        const struct place *place = *state;
        struct denet_sink *s = open_sink(place, &dn_sink_json);
        struct rlimit before, now;

        getrlimit(RLIMIT_FSIZE, &before);
        now = (struct rlimit){.rlim_cur = 5, .rlim_max = before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &now);
        assert_int_equal(dn_sink_put(s, &one), -EFBIG);
        now.rlim_cur = 15;
        setrlimit(RLIMIT_FSIZE, &now);
        assert_int_equal(dn_sink_put(s, &one), 0);
        assert_int_equal(dn_sink_put(s, &one), -EFBIG);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_int_equal(dn_sink_put(s, &two), 0);
        assert_int_equal(s->lost, 2);
        assert_int_equal(s->written, 2);
        assert_int_equal(dn_sink_close(s), 0);
        assert_file_is(place, "[\n{\"one\":1},\n{\"two\":2}\n]\n");
}

static void an_exit_record_says_what_was_lost(void **state) {
        const struct place *place = *state;
        struct denet_sink *s = open_sink(place, &dn_sink_jsonl);
        made_cleanup struct made m;

        make(&m, DN_EXIT, false);
        m.record.text = DN_STR("as it was read");
        m.exit.lost_records = 2;
        s->lost = 5;
        assert_int_equal(dn_sink_put(s, &m.record), 0);
        assert_int_equal(dn_sink_close(s), 0);
        assert_file_is(place, "{\"kind\":\"exit\",\"ts_ms\":1000,\"totals\":{\"lost_records\":7}}\n");
}

static void a_record_that_can_not_be_made_is_lost(void **state) {
        const struct place *place = *state;
        struct denet_sink *s = open_sink(place, &dn_sink_jsonl);
        struct denet_record nothing = {.kind = DN_CHILD};

        assert_int_equal(dn_sink_put(s, &nothing), -ENOMEM);
        assert_int_equal(s->lost, 1);
        assert_int_equal(dn_sink_put(s, &one), 0);
        assert_int_equal(dn_sink_close(s), 0);
        assert_file_is(place, "{\"one\":1}\n");
}

static void a_borrowed_descriptor_stays_open(void **state) {
        const struct place *place = *state;
        dn_autoclose int fd = openat(place->fd, "out", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        struct denet_sink *s;

        assert_int_equal(dn_sink_open_fd(&s, fd, NULL), 0);
        assert_int_equal(dn_sink_put(s, &one), 0);
        assert_int_equal(dn_sink_close(s), 0);
        assert_true(fcntl(fd, F_GETFD) >= 0);
        assert_file_is(place, "{\"one\":1}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(the_kind_is_told_by_name_and_by_path), TEST(json_lines_are_a_record_a_line), TEST(json_is_one_array),
          TEST(json_of_nothing_is_an_empty_array), TEST(csv_has_its_header_once_and_rows_alone),
          TEST(nothing_written_leaves_no_file), TEST(a_refused_record_is_left_out_whole_and_counted),
          TEST(an_exit_record_says_what_was_lost), TEST(a_record_that_can_not_be_made_is_lost),
          TEST(a_borrowed_descriptor_stays_open))
