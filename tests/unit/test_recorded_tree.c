/* SPDX-License-Identifier: GPL-3.0-or-later
 * All from /proc to a record, with recorded files as /proc: the sources, the conductor's passes, what is derived. */
#include "descriptors.h"
#include "watched.h"

#include <time.h>

static void pull_all(struct denet *d) {
        const denet_record *record;

        while ((record = pull(d)))
                assert_non_null(denet_record_json(record, NULL));
}

static bool knows(const struct dn_row *row, int id) {
        assert_non_null(row);
        return row->has >> id & 1;
}

/* ------------------------------------------------------------------- what the files say, read in another way */

struct expected {
        bool lives;
        int64_t started_at_ms;
        uint64_t has;
        int64_t v[DN_FIELDS];
};

static void expect(struct expected *e, int id, int64_t value) {
        e->has |= UINT64_C(1) << id;
        e->v[id] = value;
}

static void expect_stat(const struct scene *scene, const char *name, struct expected *e) {
        dn_autotext struct dn_text text = {0};
        int64_t n[20];
        char state;
        const char *rest;

        assert_true(scene_read(scene, name, "stat", &text));
        rest = strrchr(dn_text_cstr(&text), ')');
        assert_int_equal(sscanf(rest,
                                ") %c %*d %*d %*d %*d %*d %*d %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
                                " %" SCNd64 " %" SCNd64 " %" SCNd64 " %*d %*d %" SCNd64 " %*d %" SCNd64,
                                &state, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9]),
                         11);
        e->lives = state != 'Z' || n[8] > 1;
        expect(e, DN_page_faults_cached, n[0]);
        expect(e, DN_reaped_page_faults_cached, n[1]);
        expect(e, DN_page_faults_disk, n[2]);
        expect(e, DN_reaped_page_faults_disk, n[3]);
        expect(e, DN_cpu_user_secs, n[4] * 10000);
        expect(e, DN_cpu_system_secs, n[5] * 10000);
        expect(e, DN_reaped_cpu_user_secs, n[6] * 10000);
        expect(e, DN_reaped_cpu_system_secs, n[7] * 10000);
        expect(e, DN_thread_count, n[8]);
        e->started_at_ms = n[9] * 10;
}

static void expect_io(const struct scene *scene, const char *name, struct expected *e) {
        static const struct {
                const char *key;
                int id;
        } lines[] = {{"rchar: ", DN_syscall_read_bytes},
                     {"wchar: ", DN_syscall_write_bytes},
                     {"syscr: ", DN_io_read_ops},
                     {"syscw: ", DN_io_write_ops},
                     {"\nread_bytes: ", DN_disk_read_bytes},
                     {"\nwrite_bytes: ", DN_disk_write_bytes},
                     {"cancelled_write_bytes: ", DN_disk_cancelled_write_bytes}};
        dn_autotext struct dn_text text = {0};

        assert_true(scene_read(scene, name, "io", &text));
        for (size_t i = 0; i < DN_COUNT(lines); i++)
                expect(e, lines[i].id, atoll(strstr(dn_text_cstr(&text), lines[i].key) + strlen(lines[i].key)));
}

static bool expect_statm_of(const struct scene *scene, const char *name, const char *file, struct expected *e) {
        dn_autotext struct dn_text text = {0};
        int64_t size, resident;

        assert_true(scene_read(scene, name, file, &text));
        assert_int_equal(sscanf(dn_text_cstr(&text), "%" SCNd64 " %" SCNd64, &size, &resident), 2);
        expect(e, DN_mem_vms_kb, size * 4);
        expect(e, DN_mem_rss_kb, resident * 4);
        if (resident > 0)
                expect(e, DN_mem_rss_peak_kb, resident * 4);
        return size > 0;
}

/* Of a thread that lives, where the leader has none any more. */
static void expect_statm(const struct scene *scene, const char *name, struct expected *e) {
        int64_t pid = scene_find(scene, name)->pid;
        char path[SCENE_PATH + 128], file[64];

        if (expect_statm_of(scene, name, "statm", e) || strcmp(name, "leader-ended") != 0)
                return;
        for (int64_t thread = pid + 1; thread < pid + 10; thread++) {
                snprintf(file, sizeof(file), "task/%" PRId64 "/statm", thread);
                snprintf(path, sizeof(path), "%s/%" PRId64 "/%s", scene->proc, pid, file);
                if (access(path, F_OK) == 0 && expect_statm_of(scene, name, file, e))
                        return;
        }
        fail_msg("no thread of %s lives", name);
}

static void expect_status(const struct scene *scene, const char *name, struct expected *e) {
        dn_autotext struct dn_text text = {0};
        const char *hwm, *swap;

        assert_true(scene_read(scene, name, "status", &text));
        hwm = strstr(dn_text_cstr(&text), "\nVmHWM:");
        swap = strstr(text.p, "\nVmSwap:");
        if (hwm && atoll(hwm + 7) > e->v[DN_mem_rss_peak_kb])
                expect(e, DN_mem_rss_peak_kb, atoll(hwm + 7));
        if (swap)
                expect(e, DN_mem_swap_kb, atoll(swap + 8));
        expect(e, DN_ctx_switches_voluntary, atoll(strstr(text.p, "\nvoluntary_ctxt_switches:") + 25));
        expect(e, DN_ctx_switches_involuntary, atoll(strstr(text.p, "\nnonvoluntary_ctxt_switches:") + 28));
}

/* An empty folder was not recorded. */
static void expect_fds(const struct scene *scene, const char *name, struct expected *e) {
        char path[SCENE_PATH + 128];
        dn_autodir DIR *dir = NULL;
        int64_t n = 0;

        snprintf(path, sizeof(path), "%s/%" PRId64 "/fd", scene->proc, scene_find(scene, name)->pid);
        dir = opendir(path);
        if (!dir)
                return;
        for (const struct dirent *entry; (entry = readdir(dir));)
                n += entry->d_name[0] != '.';
        expect(e, DN_fd_count, n);
}

static void expect_schedstat(const struct scene *scene, const char *name, struct expected *e) {
        dn_autotext struct dn_text text = {0};
        int64_t delay_ns;

        assert_true(scene_read(scene, name, "schedstat", &text));
        assert_int_equal(sscanf(dn_text_cstr(&text), "%*d %" SCNd64, &delay_ns), 1);
        expect(e, DN_run_delay_secs, delay_ns / 1000);
}

static struct expected expect_process(const struct scene *scene, const char *name) {
        struct expected e = {0};

        expect_stat(scene, name, &e);
        expect_io(scene, name, &e);
        expect_statm(scene, name, &e);
        expect_status(scene, name, &e);
        expect_schedstat(scene, name, &e);
        if (e.lives)
                expect_fds(scene, name, &e);
        return e;
}

/* Read by another rule, or at another time. */
static bool is_compared(int id) {
        return id != DN_cpu_usage && id != DN_uptime_secs && id != DN_cpu_core && id != DN_mem_pss_kb &&
               id != DN_mem_uss_kb && id != DN_sys_net_rx_bytes && id != DN_sys_net_tx_bytes &&
               (dn_fields[id].nature != DN_INNER || dn_fields[id].of >= 0);
}

static void assert_expected(const struct scene *scene, const char *name, const struct dn_row *row,
                            const struct expected *e) {
        assert_non_null(row);
        for (int id = 0; id < DN_FIELDS; id++) {
                if (!is_compared(id))
                        continue;
                if ((row->has >> id & 1) != (e->has >> id & 1) || ((e->has >> id & 1) && row->v[id] != e->v[id]))
                        fail_msg("%s, %s, %s: %" PRId64 " (known %d), expected %" PRId64 " (known %d)", scene->kernel,
                                 name, dn_fields[id].name.p, row->v[id], (int)(row->has >> id & 1), e->v[id],
                                 (int)(e->has >> id & 1));
        }
}

/* Own and reaped of everybody; memory, threads and descriptors of the living. */
static void add_to_whole(struct expected *whole, const struct expected *e) {
        for (int id = 0; id < DN_FIELDS; id++) {
                int of = dn_fields[id].nature == DN_INNER ? dn_fields[id].of : id;

                if (!(e->has >> id & 1) || of < 0 || (dn_fields[id].nature == DN_GAUGE && !e->lives))
                        continue;
                if (dn_fields[id].nature == DN_PEAK)
                        expect(whole, of, e->v[id] > whole->v[of] ? e->v[id] : whole->v[of]);
                else
                        expect(whole, of, whole->v[of] + e->v[id]);
        }
        expect(whole, DN_process_count, whole->v[DN_process_count] + e->lives);
}

static struct expected expect_whole(const struct scene *scene) {
        struct expected whole = {0};

        for (size_t i = 0; i < scene->n; i++)
                if (scene_is_below(scene, &scene->processes[i], "scene")) {
                        struct expected e = expect_process(scene, scene->processes[i].name);

                        add_to_whole(&whole, &e);
                }
        return whole;
}

/* ------------------------------------------------------------------------------------------- as it was recorded */

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

static void assert_at_rest(const struct dn_table *rows) {
        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                assert_int_equal(value_of(row, DN_cpu_usage), 0);
                for (int id = 0; id < DN_FIELDS; id++)
                        if (dn_fields[id].nature == DN_COUNTER && knows(row, id))
                                assert_int_equal(row->v[id], 0);
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

/* ---------------------------------------------------------------------------------------------- as it goes on */

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

/* ------------------------------------------------------------------------------------- what cannot be read */

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

RUN_TESTS(LEAVES_NOTHING(everyone_below_the_root_is_admitted_and_nobody_else),
          LEAVES_NOTHING(a_parent_stands_before_its_child), LEAVES_NOTHING(each_process_is_read_as_recorded),
          LEAVES_NOTHING(the_whole_is_the_sum_of_all), LEAVES_NOTHING(a_zombie_counts_and_is_not_listed),
          LEAVES_NOTHING(a_process_whose_leader_has_ended_lives_and_has_memory),
          LEAVES_NOTHING(a_second_pass_over_the_same_changes_nothing), LEAVES_NOTHING(names_are_utf8_in_the_record),
          LEAVES_NOTHING(each_living_descendant_has_a_record_of_its_command),
          LEAVES_NOTHING(without_its_children_the_root_is_alone), LEAVES_NOTHING(a_branch_of_the_tree_may_be_the_root),
          LEAVES_NOTHING(what_is_shared_is_known_a_second_later),
          LEAVES_NOTHING(the_kernels_threads_are_told_from_programs),
          LEAVES_NOTHING(who_is_not_there_is_not_identified), LEAVES_NOTHING(who_vanishes_leaves_and_its_totals_stay),
          LEAVES_NOTHING(a_pid_that_is_used_again_is_somebody_else),
          LEAVES_NOTHING(a_pid_that_is_used_again_elsewhere_is_no_member),
          LEAVES_NOTHING(newcomers_are_found_when_the_newest_pid_has_moved),
          LEAVES_NOTHING(a_newcomer_is_found_when_the_numbers_wrap),
          LEAVES_NOTHING(a_newcomer_without_threads_is_looked_at_once_more),
          LEAVES_NOTHING(who_has_begun_is_counted_by_the_numbers_also_where_they_wrap),
          LEAVES_NOTHING(without_loadavg_all_are_looked_at), LEAVES_NOTHING(a_member_that_is_adopted_stays_one),
          LEAVES_NOTHING(a_tree_may_outlive_its_root), LEAVES_NOTHING(a_new_name_is_taken_over),
          LEAVES_NOTHING(without_io_its_fields_are_absent_not_zero),
          LEAVES_NOTHING(what_was_refused_is_not_tried_again), LEAVES_NOTHING(without_statm_or_status_memory_is_absent),
          LEAVES_NOTHING(garbage_in_any_file_takes_nothing_away), LEAVES_NOTHING(garbage_from_the_start_is_no_process),
          LEAVES_NOTHING(a_root_that_cannot_be_read_is_an_error))
