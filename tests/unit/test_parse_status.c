/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "scene.h"
#include "sources/linux/parse_status.h"

static int parse(struct dn_str file, struct dn_status *ret_status) {
        struct dn_str exact = scene_exact(file);
        int r = dn_status_parse(exact, ret_status);

        free((void *)exact.p);
        return r;
}

static struct dn_status recorded(const struct scene *scene, const char *name) {
        dn_autotext struct dn_text text = {0};
        struct dn_status s = {0};

        assert_true(scene_read(scene, name, "status", &text));
        assert_int_equal(parse(dn_text_str(&text), &s), 0);
        return s;
}

static void the_peak_stands_where_more_was_in_use_once(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_in_range(recorded(&scene, "memory").hwm_kb, 28 * 1024, 29 * 1024);
                assert_int_equal(recorded(&scene, "memory").swap_kb, 0);
        }
}

static void who_has_no_memory_has_no_lines_of_it(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_int_equal(recorded(&scene, "zombie").hwm_kb, -1);
                assert_int_equal(recorded(&scene, "zombie").swap_kb, -1);
                assert_int_equal(recorded(&scene, "leader-ended").hwm_kb, -1);
                if (strcmp(scene_kernels[k], "6.18") != 0)
                        assert_int_equal(recorded(&scene, "kthreadd").hwm_kb, -1);
        }
}

/* Two of them stand behind the last line of it that is read here, in some kernels, and many before. */
static void switches_are_known_of_everyone(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                for (size_t i = 0; i < scene.n; i++) {
                        struct dn_status s = recorded(&scene, scene.processes[i].name);

                        assert_true(s.voluntary >= 0);
                        assert_true(s.nonvoluntary >= 0);
                }
                assert_int_equal(recorded(&scene, "zombie").voluntary, 1);
                assert_int_equal(recorded(&scene, "reaped").voluntary, 4);
        }
}

static void a_name_with_a_newline_or_no_utf8_hides_nothing(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_true(recorded(&scene, "newline").hwm_kb > 0);
                assert_true(recorded(&scene, "bytes").hwm_kb > 0);
                assert_true(recorded(&scene, "empty").hwm_kb > 0);
                assert_true(recorded(&scene, "lookalike").hwm_kb > 0);
        }
}

static void the_lines_of_an_old_kernel_are_enough(void **state) {
        struct dn_status s;

        assert_int_equal(parse(DN_STR("Name:\tinit\nState:\tS (sleeping)\nPid:\t1\nVmRSS:\t     524 kB\n"), &s), 0);
        assert_int_equal(s.hwm_kb, -1);
        assert_int_equal(s.swap_kb, -1);
        assert_int_equal(s.voluntary, -1);
        assert_int_equal(s.nonvoluntary, -1);
}

static void a_missing_line_leaves_the_others(void **state) {
        struct dn_status s;

        assert_int_equal(parse(DN_STR("Pid:\t1\nVmHWM:\t  7 kB\nnonvoluntary_ctxt_switches:\t9\n"), &s), 0);
        assert_int_equal(s.hwm_kb, 7);
        assert_int_equal(s.swap_kb, -1);
        assert_int_equal(s.voluntary, -1);
        assert_int_equal(s.nonvoluntary, 9);
}

static void a_number_that_is_none_is_not_known(void **state) {
        struct dn_status s;

        assert_int_equal(
                parse(DN_STR("Pid:\t1\nVmHWM:\t kB\nVmSwap:\t-4 kB\nvoluntary_ctxt_switches:\t9223372036854775808\n"
                             "nonvoluntary_ctxt_switches:\t99999999999999999999\n"),
                      &s),
                0);
        assert_int_equal(s.hwm_kb, -1);
        assert_int_equal(s.swap_kb, -1);
        assert_int_equal(s.voluntary, -1);
        assert_int_equal(s.nonvoluntary, -1);
}

static void what_is_no_such_file_is_refused(void **state) {
        static const struct dn_str bad[] = {
                DN_STR(""),    DN_STR("\n\n"),       DN_STR("\0\0\0"),      DN_STR("Name:\tx\n"),
                DN_STR("Pid"), DN_STR("PPid:\t1\n"), DN_STR("NSpid:\t1\n"),
        };
        struct dn_status s = {.hwm_kb = 77};

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                if (parse(bad[i], &s) != -EBADMSG)
                        fail_msg("taken: %.*s", (int)bad[i].n, bad[i].p);
        assert_int_equal(s.hwm_kb, 77);
}

static void any_cut_of_a_recorded_file_is_taken_or_refused(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                dn_autotext struct dn_text text = {0};
                struct dn_status s;

                scene_load(&scene, scene_kernels[k]);
                assert_true(scene_read(&scene, "memory", "status", &text));
                for (size_t n = 0; n <= text.n; n++) {
                        int r = parse((struct dn_str){text.p, n}, &s);

                        assert_true(r == 0 || r == -EBADMSG);
                }
        }
}

RUN_TESTS(cmocka_unit_test(the_peak_stands_where_more_was_in_use_once),
          cmocka_unit_test(who_has_no_memory_has_no_lines_of_it), cmocka_unit_test(switches_are_known_of_everyone),
          cmocka_unit_test(a_name_with_a_newline_or_no_utf8_hides_nothing),
          cmocka_unit_test(the_lines_of_an_old_kernel_are_enough), cmocka_unit_test(a_missing_line_leaves_the_others),
          cmocka_unit_test(a_number_that_is_none_is_not_known), cmocka_unit_test(what_is_no_such_file_is_refused),
          cmocka_unit_test(any_cut_of_a_recorded_file_is_taken_or_refused))
