/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "scene.h"
#include "sources/linux/parse_statm.h"

static int parse(struct dn_str line, struct dn_statm *ret_statm) {
        struct dn_str exact = scene_exact(line);
        int r = dn_statm_parse(exact, ret_statm);

        free((void *)exact.p);
        return r;
}

static struct dn_statm recorded(const struct scene *scene, const char *name, const char *file) {
        dn_autotext struct dn_text text = {0};
        struct dn_statm m = {0};

        assert_true(scene_read(scene, name, file, &text));
        assert_int_equal(parse(dn_text_str(&text), &m), 0);
        return m;
}

/* 32 MiB reserved, 21 of them touched; the counters of each CPU hand in their part late. */
static void touched_memory_is_resident_and_reserved_memory_is_not(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct dn_statm memory;

                scene_load(&scene, scene_kernels[k]);
                memory = recorded(&scene, "memory", "statm");
                assert_in_range(memory.resident_pages, 21 * 256, 22 * 256);
                assert_in_range(memory.size_pages, 53 * 256, 55 * 256);
        }
}

static void a_vfork_child_has_its_parents_memory(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_int_equal(recorded(&scene, "vfork-child", "statm").size_pages,
                                 recorded(&scene, "vfork-parent", "statm").size_pages);
        }
}

static void who_has_ended_has_no_memory(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_int_equal(recorded(&scene, "zombie", "statm").size_pages, 0);
                assert_int_equal(recorded(&scene, "zombie", "statm").resident_pages, 0);
                assert_int_equal(recorded(&scene, "leader-ended", "statm").size_pages, 0);
        }
}

static void old_kernels_give_fewer_numbers(void **state) {
        struct dn_statm m;

        assert_int_equal(parse(DN_STR("275 193"), &m), 0);
        assert_int_equal(m.size_pages, 275);
        assert_int_equal(m.resident_pages, 193);
}

static void what_is_no_such_line_is_refused(void **state) {
        static const struct dn_str bad[] = {
                DN_STR(""),
                DN_STR("\n"),
                DN_STR("\0\0"),
                DN_STR("275"),
                DN_STR("275 "),
                DN_STR("275 -1"),
                DN_STR("x 1"),
                DN_STR("275\0001"),
                DN_STR("-275 1"),
                DN_STR("275,1"),
                DN_STR("18446744073709551616 1"),
                DN_STR("1 18446744073709551615"),
                DN_STR("9223372036854775807 1"),
        };
        struct dn_statm m = {7, 8};

        for (size_t i = 0; i < DN_COUNT(bad); i++)
                if (parse(bad[i], &m) != -EBADMSG)
                        fail_msg("taken: %.*s", (int)bad[i].n, bad[i].p);
        assert_int_equal(m.size_pages, 7);
        assert_int_equal(m.resident_pages, 8);
}

RUN_TESTS(cmocka_unit_test(touched_memory_is_resident_and_reserved_memory_is_not),
          cmocka_unit_test(a_vfork_child_has_its_parents_memory), cmocka_unit_test(who_has_ended_has_no_memory),
          cmocka_unit_test(old_kernels_give_fewer_numbers), cmocka_unit_test(what_is_no_such_line_is_refused))
