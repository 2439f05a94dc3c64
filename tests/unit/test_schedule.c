/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "model/schedule.h"

static const int64_t ms = 1000000;

static void the_interval_grows_in_a_straight_line(void **state) {
        struct dn_schedule s = {.base_ns = 100 * ms, .max_ns = 1000 * ms};

        assert_int_equal(dn_schedule_interval(&s, 0), 100 * ms);
        assert_int_equal(dn_schedule_interval(&s, 999 * ms), 100 * ms);
        assert_int_equal(dn_schedule_interval(&s, 1000 * ms), 100 * ms);
        assert_int_equal(dn_schedule_interval(&s, 5500 * ms), 550 * ms);
        assert_int_equal(dn_schedule_interval(&s, 10000 * ms), 1000 * ms);
        assert_int_equal(dn_schedule_interval(&s, INT64_MAX), 1000 * ms);
}

static void the_longest_intervals_do_not_overflow(void **state) {
        struct dn_schedule s = {.base_ns = 1, .max_ns = INT64_MAX / 2};

        assert_true(dn_schedule_interval(&s, 9999 * ms) > 0);
        assert_true(dn_schedule_interval(&s, 9999 * ms) < s.max_ns);
}

static void a_late_sample_does_not_make_the_next_one_late(void **state) {
        struct dn_schedule s = {.base_ns = 100 * ms, .max_ns = 100 * ms, .start_ns = 5 * ms, .due_ns = 105 * ms};

        dn_schedule_next(&s, 105 * ms + 40 * ms);
        assert_int_equal(s.due_ns, 205 * ms);
        dn_schedule_next(&s, 205 * ms);
        assert_int_equal(s.due_ns, 305 * ms);
}

static void deadlines_that_were_missed_are_left_out(void **state) {
        struct dn_schedule s = {.base_ns = 100 * ms, .max_ns = 100 * ms, .due_ns = 100 * ms};

        dn_schedule_next(&s, 1234 * ms);
        assert_int_equal(s.due_ns, 1300 * ms);
        s.due_ns = 100 * ms;
        dn_schedule_next(&s, 400 * ms);
        assert_int_equal(s.due_ns, 500 * ms);
}

RUN_TESTS(cmocka_unit_test(the_interval_grows_in_a_straight_line),
          cmocka_unit_test(the_longest_intervals_do_not_overflow),
          cmocka_unit_test(a_late_sample_does_not_make_the_next_one_late),
          cmocka_unit_test(deadlines_that_were_missed_are_left_out))
