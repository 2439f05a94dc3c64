/* SPDX-License-Identifier: GPL-3.0-or-later
 * Recorded files as /proc that cannot be read: missing, refused, or garbage. */
#include "descriptors.h"
#include "expected.h"
#include "watched.h"

static void assert_no_io(const struct denet *d) {
        for (uint32_t i = 0; i < d->sample.part[DN_PROCESS].n; i++)
                assert_false(knows(dn_table_row(&d->sample.part[DN_PROCESS], i), DN_syscall_read_bytes));
        assert_false(knows(dn_sample_whole(&d->sample), DN_syscall_write_bytes));
        assert_false(knows(dn_sample_whole(&d->sample), DN_disk_read_bytes));
        assert_true(knows(dn_sample_whole(&d->sample), DN_cpu_user_secs));
}

static void without_io_its_fields_are_absent_not_zero(void **state) {
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        for (size_t i = 0; i < scene.n; i++)
                scene_delete(&scene, scene.processes[i].pid, "io");
        d = watch(&scene, "scene");
        pass(d);
        assert_no_io(d);
        pull_all(d);
        denet_free(d);
        scene_remove(&scene);
}

/* Another user's processes: io may be opened by nobody but root and them. */
static void what_was_refused_is_not_tried_again(void **state) {
        struct scene scene;
        struct denet *d;
        int64_t pid;
        uint32_t slot;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        pid = scene_find(&scene, "io")->pid;
        for (size_t i = 0; i < scene.n; i++) {
                char path[SCENE_PATH + 128];

                snprintf(path, sizeof(path), "%s/%" PRId64 "/io", scene.proc, scene.processes[i].pid);
                assert_int_equal(chmod(path, 0), 0);
        }
        if (geteuid() == 0)
                assert_int_equal(seteuid(65534), 0);
        d = watch(&scene, "scene");
        pass(d);
        assert_no_io(d);
        slot = row_of(d, pid)->slot;
        assert_int_equal(d->target.procfs->by_slot[slot].file[DN_HELD_IO], -2);
        if (getuid() == 0)
                assert_int_equal(seteuid(0), 0);
        denet_free(d);
        scene_remove(&scene);
}

static void without_statm_or_status_memory_is_absent(void **state) {
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        for (size_t i = 0; i < scene.n; i++) {
                scene_delete(&scene, scene.processes[i].pid, "statm");
                scene_delete(&scene, scene.processes[i].pid, "status");
                scene_delete(&scene, scene.processes[i].pid, "schedstat");
        }
        d = watch(&scene, "scene");
        pass(d);
        assert_false(knows(dn_sample_whole(&d->sample), DN_mem_rss_kb));
        assert_false(knows(dn_sample_whole(&d->sample), DN_mem_rss_peak_kb));
        assert_false(knows(dn_sample_whole(&d->sample), DN_ctx_switches_voluntary));
        assert_false(knows(dn_sample_whole(&d->sample), DN_run_delay_secs));
        assert_true(knows(dn_sample_whole(&d->sample), DN_thread_count));
        denet_free(d);
        scene_remove(&scene);
}

static const char *const files[] = {"stat", "statm", "io", "status", "schedstat", "smaps_rollup", "net/dev", "cmdline"};
static char many_nines[5000];

static void put_everywhere(const struct scene *scene, const char *file, struct dn_str content, bool root_too) {
        for (size_t i = 0; i < scene->n; i++) {
                const struct scene_process *p = &scene->processes[i];
                char path[SCENE_PATH + 128];

                snprintf(path, sizeof(path), "%s/%" PRId64 "/%s", scene->proc, p->pid, file);
                if ((root_too || strcmp(p->name, "scene") != 0) && access(path, F_OK) == 0)
                        scene_write(scene, p->pid, file, content);
        }
}

static struct dn_str garbage(int nth) {
        static const struct dn_str kinds[] = {
                DN_STR(""),
                DN_STR("\n"),
                DN_STR("\0\0\0\0\0\0\0\0"),
                DN_STR(")("),
                DN_STR("(((((((("),
                DN_STR("-1 -1 -1"),
                DN_STR("1 (x) R 1 -1 -1 -1 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
                DN_STR("Pid: \nVmHWM: \n: :\n::::"),
                DN_STR("18446744073709551615 18446744073709551615 18446744073709551615"),
                DN_STR("1 (x) S 0 0 0 0 0 0 18446744073709551615 18446744073709551615 0 0 18446744073709551615 "
                       "18446744073709551615 0 0 0 0 1 0 239 0 0 0 0 0 0 0 0"),
                DN_STR("rchar: 18446744073709551615\nwchar: 18446744073709551615\nsyscr: 1\nsyscw: 1\nread_bytes: 1\n"
                       "write_bytes: 1\ncancelled_write_bytes: 18446744073709551615\n"),
        };
        int n = DN_COUNT(kinds);

        memset(many_nines, '9', sizeof(many_nines));
        return nth < n    ? kinds[nth]
               : nth == n ? (struct dn_str){many_nines, sizeof(many_nines)}
                          : (struct dn_str){NULL, 0};
}

static void garbage_in_any_file_takes_nothing_away(void **state) {
        struct expected whole;
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "5.10");
        whole = expect_whole(&scene);
        scene_copy(&scene);
        d = watch(&scene, "scene");
        for (size_t f = 0; f < DN_COUNT(files); f++)
                for (int i = 0; garbage(i).p; i++) {
                        put_everywhere(&scene, files[f], garbage(i), true);
                        pass(d);
                        pull_all(d);
                }
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].nature == DN_COUNTER && (whole.has >> id & 1))
                        assert_true(value_of(dn_snapshot_whole(d->last), id) >= whole.v[id]);
        denet_free(d);
        scene_remove(&scene);
}

static void garbage_from_the_start_is_no_process(void **state) {
        struct scene scene;

        scene_load(&scene, "5.10");
        scene_copy(&scene);
        put_newest(&scene, 99999999999);
        for (int i = 0; garbage(i).p; i++) {
                struct denet *d;

                for (size_t f = 0; f < DN_COUNT(files); f++)
                        put_everywhere(&scene, files[f], garbage(i), false);
                d = watch(&scene, "scene");
                pass(d);
                assert_non_null(row_of(d, scene_find(&scene, "scene")->pid));
                pull_all(d);
                denet_free(d);
        }
        scene_remove(&scene);
}

static void a_root_that_cannot_be_read_is_an_error(void **state) {
        struct dn_key key;
        struct scene scene;
        struct denet *d;

        scene_load(&scene, "5.10");
        scene_copy(&scene);
        d = prepare(&scene, "scene");
        scene_write(&scene, d->target.main.pid, "stat", DN_STR("no such line"));
        assert_int_equal(dn_platform_identify(d->target.procfs, d->target.main.pid, &key), -EBADMSG);
        assert_int_equal(dn_sample_open_sources(d), 0);
        assert_int_equal(dn_sample_first(d), -ESRCH);
        denet_free(d);
        scene_remove(&scene);
}

RUN_TESTS(LEAVES_NOTHING(without_io_its_fields_are_absent_not_zero),
          LEAVES_NOTHING(what_was_refused_is_not_tried_again), LEAVES_NOTHING(without_statm_or_status_memory_is_absent),
          LEAVES_NOTHING(garbage_in_any_file_takes_nothing_away), LEAVES_NOTHING(garbage_from_the_start_is_no_process),
          LEAVES_NOTHING(a_root_that_cannot_be_read_is_an_error))
