/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "scene.h"
#include "sources/linux/parse_psi.h"

static int parse(const char *file, struct dn_psi *ret_psi) {
        struct dn_str exact = scene_exact(dn_str_of(file));
        int r = dn_psi_parse(exact, ret_psi);

        free((void *)exact.p);
        return r;
}

static void both_lines_are_read(void **state) {
        struct dn_psi psi;

        assert_int_equal(parse("some avg10=12.34 avg60=5.00 avg300=1.25 total=3134793819\n"
                               "full avg10=100.00 avg60=0.73 avg300=0.57 total=86158197\n",
                               &psi),
                         0);
        assert_int_equal(psi.some_avg10_centi, 1234);
        assert_int_equal(psi.some_total_usec, 3134793819);
        assert_true(psi.has_full);
        assert_int_equal(psi.full_avg10_centi, 10000);
        assert_int_equal(psi.full_total_usec, 86158197);
}

static void of_older_kernels_cpu_has_no_full(void **state) {
        struct dn_psi psi;

        assert_int_equal(parse("some avg10=0.07 avg60=0.00 avg300=0.00 total=9\n", &psi), 0);
        assert_false(psi.has_full);
        assert_int_equal(psi.some_avg10_centi, 7);
}

static void of_a_line_that_is_refused_nothing_is_taken(void **state) {
        struct dn_psi psi;

        assert_int_equal(parse("some avg10=0.07 total=9\nfull avg10=1.00 total=18446744073709551615\n", &psi), 0);
        assert_false(psi.has_full);
        assert_int_equal(psi.full_avg10_centi, 0);
        assert_int_equal(psi.full_total_usec, 0);
}

static void what_a_later_kernel_adds_is_passed_over(void **state) {
        struct dn_psi psi;

        assert_int_equal(parse("none x=1\nsome avg10=0.50 avg30=0.00 total=9 worst=3\n", &psi), 0);
        assert_int_equal(psi.some_avg10_centi, 50);
        assert_int_equal(psi.some_total_usec, 9);
}

static void what_is_missing_or_no_number_is_refused(void **state) {
        static const char *const bad[] = {
                "",
                "\n",
                "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
                "some avg60=0.00 avg300=0.00 total=0\n",
                "some avg10=0.00 avg60=0.00 avg300=0.00\n",
                "some avg10=0.0 total=0\n",
                "some avg10=-1.00 total=0\n",
                "some avg10=101.00 total=0\n",
                "some avg10=0.00 total=18446744073709551615\n",
                "some avg10 total=0\n",
        };
        struct dn_psi psi = {.some_total_usec = 77};

        for (size_t i = 0; i < DN_COUNT(bad); i++) {
                assert_int_equal(parse(bad[i], &psi), -EBADMSG);
                assert_int_equal(psi.some_total_usec, 77);
        }
}

RUN_TESTS(cmocka_unit_test(both_lines_are_read), cmocka_unit_test(of_older_kernels_cpu_has_no_full),
          cmocka_unit_test(of_a_line_that_is_refused_nothing_is_taken),
          cmocka_unit_test(what_a_later_kernel_adds_is_passed_over),
          cmocka_unit_test(what_is_missing_or_no_number_is_refused))
