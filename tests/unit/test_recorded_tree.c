/* SPDX-License-Identifier: GPL-3.0-or-later
 * All from /proc to a record, with recorded files as /proc: the sources, the conductor's passes, what is derived. */
#include "descriptors.h"
#include "expected.h"
#include "watched.h"

#include <time.h>

static void everyone_below_the_root_is_admitted_and_nobody_else(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct denet *d;
                uint32_t n = 0;

                scene_load(&scene, scene_kernels[k]);
                d = watch(&scene, "scene");
                for (size_t i = 0; i < scene.n; i++) {
                        bool below = scene_is_below(&scene, &scene.processes[i], "scene");

                        assert_int_equal(row_of(d, scene.processes[i].pid) != NULL, below);
                        n += below;
                }
                assert_int_equal(d->last->part[DN_PROCESS].n, n);
                assert_int_equal(d->seen, n);
                assert_non_null(row_of(d, scene_find(&scene, "adopted")->pid)); /* by a member */
                assert_null(row_of(d, scene_find(&scene, "orphan")->pid));      /* by somebody else */
                denet_free(d);
        }
}

static void a_parent_stands_before_its_child(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                const struct dn_table *rows;
                struct denet *d;

                scene_load(&scene, scene_kernels[k]);
                d = watch(&scene, "scene");
                rows = &d->last->part[DN_PROCESS];
                assert_int_equal(dn_table_row(rows, 0)->key.pid, scene_find(&scene, "scene")->pid);
                for (uint32_t i = 1; i < rows->n; i++) {
                        const struct dn_row *row = dn_table_row(rows, i);
                        const struct scene_process *p = scene_with_pid(&scene, row->key.pid);
                        uint32_t j = 0;

                        assert_int_equal(row->parent.pid, scene_find(&scene, p->parent)->pid);
                        while (j < i && !dn_key_equal(dn_table_row(rows, j)->key, row->parent))
                                j++;
                        assert_true(j < i);
                }
                denet_free(d);
        }
}

static void each_process_is_read_as_recorded(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct denet *d;

                scene_load(&scene, scene_kernels[k]);
                d = watch(&scene, "scene");
                for (size_t i = 0; i < scene.n; i++) {
                        const struct scene_process *p = &scene.processes[i];

                        if (scene_is_below(&scene, p, "scene")) {
                                struct expected e = expect_process(&scene, p->name);

                                assert_expected(&scene, p->name, row_of(d, p->pid), &e);
                                assert_int_equal(value_of(row_of(d, p->pid), DN_started_at_ms), e.started_at_ms);
                        }
                }
                denet_free(d);
        }
}

static void the_whole_is_the_sum_of_all(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct expected whole;
                struct denet *d;

                scene_load(&scene, scene_kernels[k]);
                whole = expect_whole(&scene);
                d = watch(&scene, "scene");
                assert_expected(&scene, "the whole", dn_snapshot_whole(d->last), &whole);
                pass(d);
                assert_expected(&scene, "the whole, again", dn_snapshot_whole(d->last), &whole);
                denet_free(d);
                d = watch_by_name(&scene, "scene");
                assert_expected(&scene, "the whole, by name", dn_snapshot_whole(d->last), &whole);
                denet_free(d);
        }
}

static void a_zombie_counts_and_is_not_listed(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                int64_t pid, processes;
                struct denet *d;

                scene_load(&scene, scene_kernels[k]);
                pid = scene_find(&scene, "zombie")->pid;
                d = watch(&scene, "scene");
                pass(d);
                assert_int_equal(value_of(row_of(d, pid), DN_syscall_write_bytes), 1000);
                assert_null(listed(d, pid));
                processes = value_of(dn_sample_whole(&d->sample), DN_process_count);
                assert_int_equal(processes, d->sample.part[DN_PROCESS].n);
                assert_int_equal(processes, d->last->part[DN_PROCESS].n - 1);
                denet_free(d);
        }
}

static void a_process_whose_leader_has_ended_lives_and_has_memory(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                const struct dn_row *row;
                struct denet *d;

                scene_load(&scene, scene_kernels[k]);
                d = watch(&scene, "scene");
                pass(d);
                row = listed(d, scene_find(&scene, "leader-ended")->pid);
                assert_int_equal(value_of(row, DN_thread_count), 3);
                assert_true(value_of(row, DN_mem_rss_kb) > 0);
                assert_true(value_of(row, DN_mem_vms_kb) > 10000);
                assert_int_equal(value_of(row, DN_mem_rss_peak_kb), value_of(row, DN_mem_rss_kb));
                denet_free(d);
        }
}

static void assert_still(const struct dn_table *now, const struct dn_table *before) {
        assert_int_equal(now->n, before->n);
        for (uint32_t i = 0; i < now->n; i++) {
                const struct dn_row *a = dn_table_row(now, i), *b = dn_table_row(before, i);

                assert_true(dn_key_equal(a->key, b->key));
                assert_true(dn_key_equal(a->parent, b->parent));
                assert_int_equal(a->slot, b->slot);
                assert_true(a->has == b->has);
                assert_memory_equal(a->v, b->v, DN_FIELDS * sizeof(int64_t));
        }
}

static void a_second_pass_over_the_same_changes_nothing(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct dn_table processes = {0}, whole = {0};
                struct denet *d;

                scene_load(&scene, scene_kernels[k]);
                d = watch(&scene, "scene");
                assert_int_equal(dn_table_copy(&processes, &d->last->part[DN_PROCESS]), 0);
                assert_int_equal(dn_table_copy(&whole, &d->last->part[DN_WHOLE]), 0);
                pass(d);
                assert_still(&d->last->part[DN_PROCESS], &processes);
                assert_still(&d->last->part[DN_WHOLE], &whole);
                assert_at_rest(&d->sample.part[DN_PROCESS]);
                assert_at_rest(&d->sample.part[DN_WHOLE]);
                for (uint32_t i = 0; i < processes.n; i++)
                        assert_int_equal(dn_table_row(&d->last->part[DN_PROCESS], i)->changed, 1);
                dn_table_free(&processes);
                dn_table_free(&whole);
                denet_free(d);
        }
}

static void names_are_utf8_in_the_record(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                const denet_record *record = NULL, *next;
                const char *json;
                struct denet *d;

                scene_load(&scene, scene_kernels[k]);
                d = watch(&scene, "scene");
                pass(d);
                while ((next = pull(d)))
                        record = next;
                assert_int_equal(denet_record_kind(record), DENET_TREE);
                json = denet_record_json(record, NULL);
                assert_non_null(strstr(json, "\"command\":\"\xef\xbf\xbd\xef\xbf\xbd caf\xef\xbf\xbd\""));
                assert_non_null(strstr(json, "\"command\":\"new\\nline\""));
                assert_non_null(strstr(json, "\"command\":\"a) b (c\""));
                assert_non_null(strstr(json, "\"command\":\" two  words \""));
                assert_non_null(strstr(json, "\"command\":\") R 1 2 3 4 5 6\""));
                assert_non_null(strstr(json, "\"command\":\"\""));
                assert_null(strstr(json, "\"command\":\"zombie\""));
                assert_string_equal(denet_row_name(denet_record_row(record, DENET_MAIN, 0)), "scene");
                denet_free(d);
        }
}

static void each_living_descendant_has_a_record_of_its_command(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                const denet_record *record;
                int children = 0, arguments = 0;
                char pid[48];
                struct denet *d;

                scene_load(&scene, scene_kernels[k]);
                snprintf(pid, sizeof(pid), "\"pid\":%" PRId64 ",", scene_find(&scene, "arguments")->pid);
                d = watch(&scene, "scene");
                pass(d);
                while ((record = pull(d)) && denet_record_kind(record) == DENET_CHILD) {
                        const char *json = denet_record_json(record, NULL);

                        children++;
                        if (strstr(json, pid) && strstr(json, "\"two words\",\"\",\"new\\nline\","))
                                arguments++;
                }
                assert_int_equal(children, d->sample.part[DN_PROCESS].n - 1);
                assert_int_equal(arguments, 1);
                pull_all(d);
                pass(d); /* and once is enough */
                assert_int_equal(denet_record_kind(pull(d)), DENET_TREE);
                assert_null(pull(d));
                denet_free(d);
        }
}

static void without_its_children_the_root_is_alone(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                const denet_record *record;
                struct denet *d;

                scene_load(&scene, scene_kernels[k]);
                d = prepare(&scene, "scene");
                d->target.children = false;
                begin(d);
                pass(d);
                assert_int_equal(d->last->part[DN_PROCESS].n, 1);
                record = pull(d);
                assert_int_equal(denet_record_kind(record), DENET_SAMPLE);
                assert_null(strstr(denet_record_json(record, NULL), "process_count"));
                assert_null(pull(d));
                denet_free(d);
        }
}

static void a_branch_of_the_tree_may_be_the_root(void **state) {
        struct scene scene;

        scene_load(&scene, "6.12");
        {
                struct denet *d = watch(&scene, "tree-1");

                pass(d);
                assert_int_equal(d->sample.part[DN_PROCESS].n, 3);
                assert_non_null(listed(d, scene_find(&scene, "tree-3")->pid));
                denet_free(d);
        }
}

/* smaps_rollup holds a lock: not before a process is a second old. */
static void what_is_shared_is_known_a_second_later(void **state) {
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "6.1");
        d = watch(&scene, "scene");
        pass(d);
        assert_false(knows(dn_sample_whole(&d->sample), DN_mem_pss_kb));
        nanosleep(&(struct timespec){1, 10000000}, NULL);
        pass(d);
        assert_int_equal(value_of(listed(d, scene_find(&scene, "memory")->pid), DN_mem_pss_kb), 21568);
        assert_int_equal(value_of(listed(d, scene_find(&scene, "memory")->pid), DN_mem_uss_kb), 21520);
        assert_true(value_of(dn_sample_whole(&d->sample), DN_mem_pss_kb) > 21568);
        assert_false(knows(listed(d, scene_find(&scene, "leader-ended")->pid), DN_mem_pss_kb));
        denet_free(d);
}

static void the_kernels_threads_are_told_from_programs(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct dn_procfs *procfs;

                scene_load(&scene, scene_kernels[k]);
                assert_int_equal(dn_platform_open(&procfs, scene.proc), 0);
                for (size_t i = 0; i < scene.n; i++)
                        assert_int_equal(dn_platform_is_kernel_thread(procfs, scene.processes[i].pid),
                                         strcmp(scene.processes[i].name, "kthreadd") == 0);
                assert_false(dn_platform_is_kernel_thread(procfs, 999999));
                dn_platform_close(procfs);
        }
}

static void who_is_not_there_is_not_identified(void **state) {
        dn_autotext struct dn_text text = {0};
        struct dn_procfs *procfs;
        struct scene scene;
        struct dn_key key;

        scene_load(&scene, "6.18");
        assert_int_equal(dn_platform_open(&procfs, "/nowhere/at/all"), -ENODEV);
        assert_int_equal(dn_platform_open(&procfs, scene.proc), 0);
        assert_int_equal(dn_platform_identify(procfs, 999999, &key), -ESRCH);
        assert_int_equal(dn_platform_identify(procfs, -1, &key), -ESRCH);
        assert_int_equal(dn_platform_text(procfs, 999999, DN_TEXT_CMDLINE, &text), -ENOENT);
        assert_int_equal(dn_platform_text(procfs, 999999, DN_TEXT_EXE, &text), -ENOENT);
        assert_int_equal(text.n, 0);
        assert_int_equal(dn_platform_text(procfs, scene_find(&scene, "arguments")->pid, DN_TEXT_CMDLINE, &text), 0);
        assert_int_equal(text.n, sizeof("hold\0two words\0\0new\nline\0\xff\xfe"));
        assert_memory_equal(text.p, "hold\0two words\0\0new\nline\0\xff\xfe", text.n);
        dn_platform_close(procfs);
}

RUN_TESTS(LEAVES_NOTHING(everyone_below_the_root_is_admitted_and_nobody_else),
          LEAVES_NOTHING(a_parent_stands_before_its_child), LEAVES_NOTHING(each_process_is_read_as_recorded),
          LEAVES_NOTHING(the_whole_is_the_sum_of_all), LEAVES_NOTHING(a_zombie_counts_and_is_not_listed),
          LEAVES_NOTHING(a_process_whose_leader_has_ended_lives_and_has_memory),
          LEAVES_NOTHING(a_second_pass_over_the_same_changes_nothing), LEAVES_NOTHING(names_are_utf8_in_the_record),
          LEAVES_NOTHING(each_living_descendant_has_a_record_of_its_command),
          LEAVES_NOTHING(without_its_children_the_root_is_alone), LEAVES_NOTHING(a_branch_of_the_tree_may_be_the_root),
          LEAVES_NOTHING(what_is_shared_is_known_a_second_later),
          LEAVES_NOTHING(the_kernels_threads_are_told_from_programs),
          LEAVES_NOTHING(who_is_not_there_is_not_identified))
