/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "scene.h"
#include "sources/linux/parse_smaps.h"

static int parse(struct dn_str file, struct dn_smaps *ret_smaps) {
        struct dn_str exact = scene_exact(file);
        int r = dn_smaps_parse(exact, ret_smaps);

        free((void *)exact.p);
        return r;
}

static struct dn_smaps recorded(const struct scene *scene, const char *name) {
        dn_autotext struct dn_text text = {0};
        struct dn_smaps s = {0};

        assert_true(scene_read(scene, name, "smaps_rollup", &text));
        assert_int_equal(parse(dn_text_str(&text), &s), 0);
        return s;
}

/* 17 MiB private; 4 MiB mapped shared, which nobody else has, so they count whole in both. */
static void what_nobody_shares_counts_whole(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_int_equal(recorded(&scene, "memory").pss_kb, 21568);
                assert_int_equal(recorded(&scene, "memory").uss_kb, 21520);
        }
}

static void what_is_shared_counts_in_part(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct dn_smaps threads;

                scene_load(&scene, scene_kernels[k]);
                threads = recorded(&scene, "threads");
                assert_int_equal(threads.pss_kb, 119);
                assert_int_equal(threads.uss_kb, 40);
        }
}

/* The lines of a 4.14 kernel, which has fewer; the mapping's own stands first. */
static void older_kernels_have_what_is_needed(void **state) {
        struct dn_smaps s;

        assert_int_equal(parse(DN_STR("00400000-7ffed708c000 ---p 00000000 00:00 0                  [rollup]\n"
                                      "Rss:                1832 kB\nPss:                 760 kB\n"
                                      "Shared_Clean:          4 kB\nPrivate_Clean:        10 kB\n"
                                      "Private_Dirty:       164 kB\nSwap:                  0 kB\n"),
                               &s),
                         0);
        assert_int_equal(s.pss_kb, 760);
        assert_int_equal(s.uss_kb, 174);
}

static void private_huge_pages_are_ones_own(void **state) {
        struct dn_smaps s;

        assert_int_equal(parse(DN_STR("Pss: 5 kB\nPss_Dirty: 9 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 2 kB\n"
                                      "Shared_Hugetlb: 7 kB\nPrivate_Hugetlb: 2048 kB\n"),
                               &s),
                         0);
        assert_int_equal(s.pss_kb, 5);
        assert_int_equal(s.uss_kb, 2051);
}

static void what_is_no_such_file_is_refused(void **state) {
        static const struct dn_str bad[] = {
                DN_STR(""),
                DN_STR("\0\0\0"),
                DN_STR("Pss: 5 kB\n"),
                DN_STR("Pss: 5 kB\nPrivate_Clean: 1 kB\n"),
                DN_STR("Pss: 5 kB\nPrivate_Clean: kB\nPrivate_Dirty: 2 kB\n"),
                DN_STR("Pss: -5 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 2 kB\n"),
                DN_STR("Private_Clean: 1 kB\nPrivate_Dirty: 2 kB\nPss: 5 kB\n"),
                DN_STR("Pss: 18446744073709551615 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 2 kB\n"),
                DN_STR("Pss: 5 kB\nPrivate_Clean: 9223372036854775807 kB\nPrivate_Dirty: 9223372036854775807 kB\n"),
                DN_STR("Pss: 5 kB\nPrivate_Clean: 1 kB\nPrivate_Dirty: 2 kB\nPrivate_Hugetlb: 9223372036854775807 "
                       "kB\n"),
        };
        struct dn_smaps s = {7, 8};

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                if (parse(bad[i], &s) != -EBADMSG)
                        fail_msg("taken: %.*s", (int)bad[i].n, bad[i].p);
        assert_int_equal(s.pss_kb, 7);
        assert_int_equal(s.uss_kb, 8);
}

static void any_cut_of_a_recorded_file_is_taken_or_refused(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                dn_autotext struct dn_text text = {0};
                struct dn_smaps s;

                scene_load(&scene, scene_kernels[k]);
                assert_true(scene_read(&scene, "memory", "smaps_rollup", &text));
                for (size_t n = 0; n <= text.n; n++) {
                        int r = parse((struct dn_str){text.p, n}, &s);

                        assert_true(r == 0 || r == -EBADMSG);
                }
        }
}

RUN_TESTS(cmocka_unit_test(what_nobody_shares_counts_whole), cmocka_unit_test(what_is_shared_counts_in_part),
          cmocka_unit_test(older_kernels_have_what_is_needed), cmocka_unit_test(private_huge_pages_are_ones_own),
          cmocka_unit_test(what_is_no_such_file_is_refused),
          cmocka_unit_test(any_cut_of_a_recorded_file_is_taken_or_refused))
