/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recorded files as /proc that change between the passes: who leaves, who comes, whose number is given out again. */
#include "descriptors.h"
#include "expected.h"
#include "watched.h"

static void who_vanishes_leaves_and_its_totals_stay(void **state) {
        struct expected whole;
        struct scene scene;
        struct denet *d;
        int64_t pid;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        pid = scene_find(&scene, "io")->pid;
        whole = expect_whole(&scene);
        d = watch_by_name(&scene, "scene");
        scene_delete(&scene, pid, NULL);
        pass(d);
        assert_null(row_of(d, pid));
        assert_null(listed(d, pid));
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].nature == DN_COUNTER && (whole.has >> id & 1))
                        assert_int_equal(value_of(dn_snapshot_whole(d->last), id), whole.v[id]);
        assert_int_equal(value_of(dn_sample_whole(&d->sample), DN_process_count), whole.v[DN_process_count] - 1);
        assert_at_rest(&d->sample.part[DN_WHOLE]);
        pass(d);
        assert_null(dn_members_find(&d->members, pid));
        assert_int_equal(value_of(dn_snapshot_whole(d->last), DN_syscall_write_bytes), whole.v[DN_syscall_write_bytes]);
        denet_free(d);
        scene_remove(&scene);
}

/* The old one's rows and counters end; the new one begins with its own, as a child of whoever is its parent now. */
static void a_pid_that_is_used_again_is_somebody_else(void **state) {
        for (int by_name = 0; by_name < 2; by_name++) {
                const struct dn_row *row;
                struct scene scene;
                struct denet *d;
                int64_t pid, parent;

                scene_load(&scene, "6.12");
                scene_copy(&scene);
                pid = scene_find(&scene, "io")->pid;
                parent = scene_find(&scene, "tree-3")->pid;
                d = by_name ? watch_by_name(&scene, "scene") : watch(&scene, "scene");
                pass(d);
                pull_all(d);
                put_process(&scene, pid, "another", parent, 99999);
                put_newest(&scene, 10);
                pass(d);
                row = row_of(d, pid);
                assert_int_equal(row->key.start, 99999);
                assert_int_equal(row->parent.pid, parent);
                assert_str_is(row->name, "another");
                assert_int_equal(value_of(listed(d, pid), DN_cpu_user_secs), 50000);
                assert_int_equal(d->members.by_slot[row->slot]->key.start, 99999);
                assert_int_equal(denet_record_kind(pull(d)), DENET_CHILD);
                pull_all(d);
                pass(d);
                assert_int_equal(row_of(d, pid)->key.start, 99999);
                assert_ptr_equal(dn_members_find(&d->members, pid), d->members.by_slot[row_of(d, pid)->slot]);
                denet_free(d);
                scene_remove(&scene);
        }
}

static void a_pid_that_is_used_again_elsewhere_is_no_member(void **state) {
        struct scene scene;
        struct denet *d;
        int64_t pid;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        pid = scene_find(&scene, "io")->pid;
        d = watch(&scene, "scene");
        put_process(&scene, pid, "stranger", 1, 99999);
        put_newest(&scene, 10);
        pass(d);
        assert_null(row_of(d, pid));
        pass(d);
        assert_null(dn_members_find(&d->members, pid));
        denet_free(d);
        scene_remove(&scene);
}

static void newcomers_are_found_when_the_newest_pid_has_moved(void **state) {
        struct scene scene;
        struct denet *d;
        uint32_t before;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        put_newest(&scene, 1000);
        d = watch(&scene, "scene");
        before = d->last->part[DN_PROCESS].n;
        put_process(&scene, 1003, "child", scene_find(&scene, "scene")->pid, 5000);
        put_process(&scene, 1001, "grandchild", 1003, 5001); /* the lower number after a wrap */
        put_process(&scene, 1002, "stranger", 1, 5002);
        pass(d);
        assert_int_equal(d->last->part[DN_PROCESS].n, before); /* nothing said that there is anyone */
        put_newest(&scene, 1004);
        pass(d);
        assert_int_equal(d->last->part[DN_PROCESS].n, before + 2);
        assert_int_equal(dn_table_row(&d->last->part[DN_PROCESS], before)->key.pid, 1003);
        assert_int_equal(dn_table_row(&d->last->part[DN_PROCESS], before + 1)->key.pid, 1001);
        assert_int_equal(row_of(d, 1001)->parent.pid, 1003);
        assert_int_equal(d->seen, before + 2);
        denet_free(d);
        scene_remove(&scene);
}

static void a_newcomer_is_found_when_the_numbers_wrap(void **state) {
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        put_newest(&scene, 32767);
        d = watch(&scene, "scene");
        put_process(&scene, 12, "child", scene_find(&scene, "tree-2")->pid, 5000);
        put_newest(&scene, 12);
        pass(d);
        assert_non_null(row_of(d, 12));
        denet_free(d);
        scene_remove(&scene);
}

/* As one looks whose thread is just taking it over. */
static void a_newcomer_without_threads_is_looked_at_once_more(void **state) {
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        put_newest(&scene, 1000);
        d = watch(&scene, "scene");
        scene_write(&scene, 1001, "stat", DN_STR("1001 (child) X 0 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 0 0 5000 0 0\n"));
        put_newest(&scene, 1001);
        pass(d);
        assert_null(row_of(d, 1001));
        put_process(&scene, 1001, "child", scene_find(&scene, "scene")->pid, 5000);
        pass(d);
        assert_non_null(row_of(d, 1001));
        denet_free(d);
        scene_remove(&scene);
}

static void put_numbers(const struct scene *scene, const char *most) {
        char path[SCENE_PATH + 16];

        snprintf(path, sizeof(path), "%s/sys", scene->proc);
        mkdir(path, 0755);
        snprintf(path, sizeof(path), "%s/sys/kernel", scene->proc);
        mkdir(path, 0755);
        scene_write(scene, 0, "sys/kernel/pid_max", dn_str_of(most));
}

static void who_has_begun_is_counted_by_the_numbers_also_where_they_wrap(void **state) {
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        put_numbers(&scene, "2000\n");
        put_newest(&scene, 1000);
        d = watch(&scene, "scene");
        pass(d);
        assert_int_equal(d->target.numbers_given, 0);
        put_newest(&scene, 1004);
        pass(d);
        assert_int_equal(d->target.numbers_given, 4);
        put_newest(&scene, 4);
        pass(d);
        assert_int_equal(d->target.numbers_given, 1004);
        scene_delete(&scene, 0, "sys");
        put_newest(&scene, 3);
        pass(d);
        assert_int_equal(d->target.numbers_given, -1);
        put_newest(&scene, 5);
        pass(d);
        assert_int_equal(d->target.numbers_given, -1);
        denet_free(d);
        scene_remove(&scene);
}

static void without_loadavg_all_are_looked_at(void **state) {
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        scene_delete(&scene, 0, "loadavg");
        d = watch(&scene, "scene");
        assert_non_null(row_of(d, scene_find(&scene, "tree-3")->pid));
        put_process(&scene, 12, "child", scene_find(&scene, "tree-2")->pid, 5000);
        pass(d);
        assert_non_null(row_of(d, 12));
        denet_free(d);
        scene_remove(&scene);
}

static void a_member_that_is_adopted_stays_one(void **state) {
        struct scene scene;
        struct denet *d;
        int64_t pid;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        pid = scene_find(&scene, "tree-3")->pid;
        d = watch_by_name(&scene, "scene");
        scene_delete(&scene, scene_find(&scene, "tree-2")->pid, NULL);
        put_process(&scene, pid, "tree-3", 1, (int64_t)row_of(d, pid)->key.start);
        put_newest(&scene, 10);
        pass(d);
        pass(d);
        assert_non_null(listed(d, pid));
        denet_free(d);
        scene_remove(&scene);
}

static void a_tree_may_outlive_its_root(void **state) {
        const denet_record *record = NULL, *next;
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        d = watch_by_name(&scene, "scene");
        put_process(&scene, scene_find(&scene, "scene")->pid, "stranger", 1, 99999);
        pass(d);
        while ((next = pull(d)))
                record = next;
        assert_false(d->sample.main_lives);
        assert_null(denet_record_row(record, DENET_MAIN, 0));
        assert_non_null(strstr(denet_record_json(record, NULL), "\"parent\":null"));
        assert_non_null(denet_record_row(record, DENET_CHILDREN, 0));
        assert_true(dn_ending_anyone(d));
        denet_free(d);
        scene_remove(&scene);
}

static void a_new_name_is_taken_over(void **state) {
        struct scene scene;
        struct denet *d;
        int64_t pid;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        pid = scene_find(&scene, "tree-3")->pid;
        d = watch(&scene, "scene");
        put_process(&scene, pid, "after exec", scene_find(&scene, "tree-2")->pid, (int64_t)row_of(d, pid)->key.start);
        pass(d);
        assert_str_is(listed(d, pid)->name, "after exec");
        denet_free(d);
        scene_remove(&scene);
}

RUN_TESTS(LEAVES_NOTHING(who_vanishes_leaves_and_its_totals_stay),
          LEAVES_NOTHING(a_pid_that_is_used_again_is_somebody_else),
          LEAVES_NOTHING(a_pid_that_is_used_again_elsewhere_is_no_member),
          LEAVES_NOTHING(newcomers_are_found_when_the_newest_pid_has_moved),
          LEAVES_NOTHING(a_newcomer_is_found_when_the_numbers_wrap),
          LEAVES_NOTHING(a_newcomer_without_threads_is_looked_at_once_more),
          LEAVES_NOTHING(who_has_begun_is_counted_by_the_numbers_also_where_they_wrap),
          LEAVES_NOTHING(without_loadavg_all_are_looked_at), LEAVES_NOTHING(a_member_that_is_adopted_stays_one),
          LEAVES_NOTHING(a_tree_may_outlive_its_root), LEAVES_NOTHING(a_new_name_is_taken_over))
