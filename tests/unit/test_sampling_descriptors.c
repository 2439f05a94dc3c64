/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files that are held open, and those that are not: the values are the same with any number of descriptors. */
#include "clocked.h"
#include "descriptors.h"

#include <sys/resource.h>

static void assert_same_rows(const struct denet *a, const struct denet *b) {
        const struct dn_table *x = &a->last->part[DN_PROCESS], *y = &b->last->part[DN_PROCESS];

        assert_int_equal(x->n, y->n);
        for (uint32_t i = 0; i < x->n; i++) {
                const struct dn_row *p = dn_table_row(x, i), *q = dn_table_row(y, i);

                assert_int_equal(p->key.pid, q->key.pid);
                assert_int_equal(p->gone, q->gone);
                for (int id = 0; id < DN_FIELDS; id++)
                        if ((p->has >> id & 1) != (q->has >> id & 1) || p->v[id] != q->v[id])
                                fail_msg("%" PRId64 ", %s: %" PRId64 " and %" PRId64, p->key.pid, dn_fields[id].name.p,
                                         p->v[id], q->v[id]);
        }
}

/* What is written is another number in every pass, of every process. */
static void move_all(const struct scene *scene, int64_t number) {
        for (size_t i = 0; i < scene->n; i++)
                if (strcmp(scene->processes[i].name, "zombie") != 0)
                        put_io(scene, scene->processes[i].pid, 100 * number + (int64_t)i);
}

static uint32_t count_held(const struct dn_procfs *p) {
        uint32_t n = 0;

        for (uint32_t slot = 0; slot < p->room; slot++) {
                n += p->by_slot[slot].used && p->by_slot[slot].directory >= 0;
                for (int file = 0; file < DN_HELD_FILES; file++)
                        n += p->by_slot[slot].used && p->by_slot[slot].file[file] >= 0;
        }
        return n;
}

static void any_limit_of_descriptors_gives_the_same_values(void **state) {
        struct scene scene;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        for (uint32_t limit = 0; limit < 4 * SCENE_MAX; limit++) {
                struct denet *free_one, *d = prepare(&scene, "scene");
                int before;

                free_one = watch(&scene, "scene");
                before = count_descriptors();
                d->target.procfs->limit = limit;
                begin(d);
                for (int i = 0; i < 4; i++) {
                        move_all(&scene, limit + i);
                        pass(free_one);
                        pass(d);
                        assert_same_rows(d, free_one);
                        assert_int_equal(count_held(d->target.procfs), d->target.procfs->held);
                        assert_true(d->target.procfs->held <= limit);
                }
                assert_true(count_descriptors() - before >= (int)d->target.procfs->held);
                denet_free(d);
                denet_free(free_one);
        }
        scene_remove(&scene);
}

static void directories_are_given_up_first(void **state) {
        struct scene scene;
        struct denet *d;
        uint32_t n;

        scene_load(&scene, "6.12");
        d = watch(&scene, "scene");
        n = d->last->part[DN_PROCESS].n;
        assert_int_equal(d->target.procfs->held, 4 * n);
        denet_free(d);
        d = prepare(&scene, "scene");
        d->target.procfs->limit = 2 * n;
        begin(d);
        pass(d);
        for (uint32_t slot = 0; slot < n; slot++) {
                const struct dn_held_process *held = &d->target.procfs->by_slot[slot];

                assert_true(held->directory < 0);
                assert_true(held->file[DN_HELD_STATM] < 0);
                assert_true(held->file[DN_HELD_STAT] >= 0);
                assert_true(held->file[DN_HELD_IO] >= 0);
        }
        denet_free(d);
}

static bool runs_in_test(const struct scene_process *p) {
        return p->pid % 2 == 0;
}

static void a_sleepers_files_are_given_up_before_those_of_one_that_runs(void **state) {
        const struct dn_procfs *p;
        struct watched w;
        uint32_t n;

        watch_with_clock(&w, 1000);
        n = w.d->last->part[DN_PROCESS].n;
        unwatch(&w);
        watch_with_clock(&w, n + 8); /* enough for half of them, and for those that are read whatever they do */
        p = w.d->target.procfs;
        for (int i = 0; i < 20; i++) {
                for (size_t j = 0; j < w.scene.n; j++)
                        if (runs_in_test(&w.scene.processes[j]))
                                run_for(w.scene.processes[j].pid, 1);
                pass(w.d);
        }
        for (size_t j = 0; j < w.scene.n; j++) {
                const struct dn_member *member = dn_members_find(&w.d->members, w.scene.processes[j].pid);

                if (!member || !runs_in_test(&w.scene.processes[j]))
                        continue;
                assert_true(p->by_slot[member->slot].file[DN_HELD_STAT] >= 0);
                assert_true(p->by_slot[member->slot].file[DN_HELD_IO] >= 0);
        }
        unwatch(&w);
}

/* One pass, or the first, for which the kernel has this many descriptors and no more. */
static void pass_within(struct denet *d, int descriptors, bool first) {
        struct rlimit before, now;
        int r;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        now = before;
        now.rlim_cur = (rlim_t)descriptors;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
        r = first ? dn_sample_first(d) : dn_sample_take(d, false);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(r, 0);
}

static void when_the_kernel_has_no_more_descriptors_nothing_is_lost(void **state) {
        struct scene scene;

        scene_load(&scene, "6.12");
        scene_copy(&scene);
        for (int few = 4; few < 4 * SCENE_MAX; few++) {
                struct denet *free_one = watch(&scene, "scene"), *d = prepare(&scene, "scene");
                int most;

                assert_int_equal(dn_sample_open_sources(d), 0);
                most = count_descriptors() + few;
                pass_within(d, most, true);
                for (int i = 0; i < 4; i++) {
                        move_all(&scene, few + i);
                        pass(free_one);
                        pass_within(d, most, false);
                        assert_same_rows(d, free_one);
                        assert_int_equal(count_held(d->target.procfs), d->target.procfs->held);
                        assert_true(d->target.procfs->held <= (uint32_t)few);
                }
                denet_free(d);
                denet_free(free_one);
        }
        scene_remove(&scene);
}

RUN_TESTS(LEAVES_NOTHING(any_limit_of_descriptors_gives_the_same_values),
          LEAVES_NOTHING(directories_are_given_up_first),
          LEAVES_NOTHING(a_sleepers_files_are_given_up_before_those_of_one_that_runs),
          LEAVES_NOTHING(when_the_kernel_has_no_more_descriptors_nothing_is_lost))
