/* SPDX-License-Identifier: GPL-3.0-or-later
 * Streams as a caller of the public interface has them: how the tests start, pull and end them. */
#pragma once
#include "common.h"
#include "denet/denet.h"
#include "descriptors.h"
#include "sleeper.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#define OPTIONS(...) (&(denet_options){.struct_size = sizeof(denet_options), __VA_ARGS__})

static inline int64_t now_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline denet *run(const denet_options *o, char *const *argv) {
        denet_error error = {0};
        denet *d = NULL;

        if (denet_run(&d, o, argv, &error) != 0)
                fail_msg("%s", error.text);
        return d;
}

static inline denet *attach(const denet_options *o, int64_t pid) {
        denet_error error = {0};
        denet *d = NULL;

        if (denet_attach(&d, o, pid, &error) != 0)
                fail_msg("%s", error.text);
        return d;
}

static inline denet *parse(const char *lines) {
        denet *d = NULL;

        assert_int_equal(denet_parse(&d, NULL, lines, strlen(lines), NULL), 0);
        return d;
}

/* The next record of this kind. */
static inline const denet_record *wait_for(denet *d, int kind) {
        const denet_record *record;
        int r;

        while ((r = denet_next(d, 10000, &record)) == 1)
                if (denet_record_kind(record) == kind)
                        return record;
        fail_msg("no record of kind %d: %d", kind, r);
        return NULL;
}

static inline void go_to_end(denet *d) {
        const denet_record *record;
        int r;

        while ((r = denet_next(d, 10000, &record)) == 1)
                assert_non_null(denet_record_json(record, NULL));
        assert_int_equal(r, 0);
}

static inline void assert_ended(denet *d, int code, int number) {
        int found_code = -7, found_signal = -7;

        assert_int_equal(denet_status(d, &found_code, &found_signal), 0);
        assert_int_equal(found_code, code);
        assert_int_equal(found_signal, number);
}

static inline bool readable(const denet *d) {
        struct pollfd p = {.fd = (int)denet_fd(d), .events = POLLIN};

        return poll(&p, 1, 0) == 1;
}

static inline void end(pid_t pid) {
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static inline int64_t steps_of(const denet_record *record, int part, const char *field) {
        const denet_row *row = denet_record_row(record, part, 0);
        int64_t steps;

        assert_non_null(row);
        assert_int_equal(denet_row_steps(row, denet_field_id(field), &steps), 0);
        return steps;
}
