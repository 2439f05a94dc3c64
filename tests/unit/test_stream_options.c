/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which options are understood and which are refused, and what is said of a command that cannot be run. */
#include "streams.h"

static void assert_refused(const denet_options *o, int code) {
        static const char lines[] = "";
        denet_error error = {0};
        denet *d = NULL;
        pid_t pid = start_sleeper();

        assert_int_equal(denet_run(&d, o, ARGV((char *)"true"), &error), code);
        assert_int_equal(error.code, code);
        assert_true(strlen(error.text) > 10);
        assert_int_equal(denet_run(&d, o, ARGV((char *)"true"), NULL), code);
        error = (denet_error){0};
        assert_int_equal(denet_attach(&d, o, pid, &error), code);
        assert_true(strlen(error.text) > 10);
        error = (denet_error){0};
        assert_int_equal(denet_parse(&d, o, lines, 0, &error), code);
        assert_true(strlen(error.text) > 10);
        assert_null(d);
        end(pid);
}

static void options_that_are_wrong_are_refused_with_a_reason(void **state) {
        assert_refused(&(denet_options){0}, -EINVAL);
        assert_refused(&(denet_options){.interval_ms = 5}, -EINVAL);
        assert_refused(OPTIONS(.interval_ms = 200, .max_interval_ms = 100), -EINVAL);
        assert_refused(OPTIONS(.max_interval_ms = 99), -EINVAL);
        assert_refused(OPTIONS(.cgroup = 3), -EINVAL);
        assert_refused(OPTIONS(.cgroup = -1), -EINVAL);
        assert_refused(OPTIONS(.children = 3), -EINVAL);
        assert_refused(OPTIONS(.children = -1), -EINVAL);
        assert_refused(OPTIONS(.ebpf = 64), -EINVAL);
        assert_refused(OPTIONS(.sampler = 3), -EINVAL);
        assert_refused(OPTIONS(.sampler = -1), -EINVAL);
}

static void what_is_asked_for_and_not_there_stands_in_the_metadata_and_the_rest_goes_on(void **state) {
        denet *d = run(OPTIONS(.ebpf = DENET_EBPF_EXITS, .flags = DENET_WITH_GPU), ARGV((char *)"true"));
        const char *line = denet_record_json(wait_for(d, DENET_METADATA), NULL);

        assert_non_null(strstr(line, "\"gpu\":{\"available\":false,\"reason\":\""));
        assert_non_null(strstr(line, "\"ebpf\":{\"available\":false,\"reason\":\""));
        wait_for(d, DENET_EXIT);
        denet_free(d);
}

static void a_long_base_makes_the_longest_as_long(void **state) {
        denet *d = run(OPTIONS(.interval_ms = 5000), ARGV((char *)"true"));

        assert_non_null(strstr(denet_record_json(wait_for(d, DENET_METADATA), NULL), "5000"));
        go_to_end(d);
        denet_free(d);
}

/* A caller that was built with fewer options, and one that was built with more. */
static void options_of_another_size_are_understood(void **state) {
        struct {
                denet_options o;
                char more[64];
        } longer = {.o = {.struct_size = sizeof(longer), .flags = DENET_WRITE_ENV}};
        denet_options shorter = {
                .struct_size = offsetof(denet_options, cwd), .flags = DENET_WRITE_ENV, .cwd = "/nowhere"};
        denet *d;

        memset(longer.more, 0xff, sizeof(longer.more));
        d = run(&longer.o, ARGV((char *)"true"));
        wait_for(d, DENET_ENV);
        go_to_end(d);
        denet_free(d);
        d = run(&shorter, ARGV((char *)"true"));
        wait_for(d, DENET_ENV);
        go_to_end(d);
        denet_free(d);
}

static void a_command_that_cannot_be_run_is_said(void **state) {
        denet_error error = {0};
        denet *d = NULL;

        assert_int_equal(denet_run(&d, NULL, ARGV((char *)"denet-no-such-program"), &error), -ENOENT);
        assert_int_equal(error.code, -ENOENT);
        assert_non_null(strstr(error.text, "denet-no-such-program"));
        assert_int_equal(denet_run(&d, NULL, ARGV((char *)"/etc/passwd"), &error), -EACCES);
        assert_int_equal(denet_run(&d, NULL, ARGV((char *)"/tmp"), &error), -EACCES);
        assert_int_equal(denet_run(&d, NULL, ARGV((char *)""), &error), -ENOENT);
        assert_int_equal(denet_run(&d, OPTIONS(.cwd = "/nowhere/at/all"), ARGV((char *)"true"), &error), -ENOENT);
        assert_int_equal(denet_run(&d, OPTIONS(.stdio = (int[]){0, 1, 999}), ARGV((char *)"true"), &error), -EBADF);
        assert_int_equal(denet_run(&d, NULL, NULL, &error), -EINVAL);
        assert_int_equal(denet_run(&d, NULL, (char *const[]){NULL}, &error), -EINVAL);
        assert_int_equal(denet_run(&d, NULL, ARGV((char *)"denet-no-such-program"), NULL), -ENOENT);
        assert_null(d);
}

static void an_error_of_any_length_ends_in_nul(void **state) {
        denet_error error;
        char name[2000];
        denet *d = NULL;

        memset(&error, 'x', sizeof(error));
        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        assert_true(denet_run(&d, NULL, ARGV(name), &error) < 0);
        assert_true(strnlen(error.text, sizeof(error.text)) < sizeof(error.text));
        assert_null(d);
}

static void note_line(void *user, const char *line) {
        if (strlen(line) > 0)
                ++*(int *)user;
}

static void what_the_library_does_can_be_heard(void **state) {
        int lines = 0;
        denet *d = run(OPTIONS(.debug = note_line, .user = &lines), ARGV((char *)"sleep", (char *)"20"));

        denet_stop(d);
        go_to_end(d);
        denet_free(d);
        assert_true(lines > 0);
}

RUN_TESTS(LEAVES_NOTHING(options_that_are_wrong_are_refused_with_a_reason),
          LEAVES_NOTHING(what_is_asked_for_and_not_there_stands_in_the_metadata_and_the_rest_goes_on),
          LEAVES_NOTHING(a_long_base_makes_the_longest_as_long), LEAVES_NOTHING(options_of_another_size_are_understood),
          LEAVES_NOTHING(a_command_that_cannot_be_run_is_said), LEAVES_NOTHING(an_error_of_any_length_ends_in_nul),
          LEAVES_NOTHING(what_the_library_does_can_be_heard))
