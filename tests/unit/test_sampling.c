/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is read of whom, and when: over a recorded tree whose files change, with a CPU clock that the test sets. */
#include "descriptors.h"
#include "sources/linux/sources.h"
#include "watched.h"

#include <sys/resource.h>
#include <time.h>

/* ------------------------------------------------------------------------------------------------ the CPU clock */

enum { NO_CLOCK = -1, CLOCKS = 4096 };
static int64_t clocks[CLOCKS]; /* by pid */

static bool clock_of_the_test(const struct dn_procfs *p, int64_t pid, int64_t *ret_ns) {
        assert_true(pid > 0 && pid < CLOCKS);
        if (clocks[pid] == NO_CLOCK)
                return false;
        *ret_ns = clocks[pid];
        return true;
}

static void run_for(int64_t pid, int64_t ns) {
        clocks[pid] += ns;
}

struct watched {
        struct scene scene;
        struct denet *d;
};

/* Whoever is not told to run sleeps. `limit`: of descriptors that are held. */
static void watch_with_clock(struct watched *w, uint32_t limit) {
        for (int pid = 0; pid < CLOCKS; pid++)
                clocks[pid] = 1000000000;
        scene_load(&w->scene, "6.12");
        scene_copy(&w->scene);
        w->d = prepare(&w->scene, "scene");
        w->d->target.procfs->cpu_clock = clock_of_the_test;
        w->d->target.procfs->limit = limit;
        begin(w->d);
}

static void unwatch(struct watched *w) {
        denet_free(w->d);
        scene_remove(&w->scene);
}

static int64_t pid_of(const struct watched *w, const char *name) {
        return scene_find(&w->scene, name)->pid;
}

static int64_t read_of(const struct watched *w, const char *name, int id) {
        return value_of(row_of(w->d, pid_of(w, name)), id);
}

struct stat_line {
        char state;
        int64_t ppid, minflt, threads, vsize, rss;
};

/* Behind its back: neither its clock nor its start is touched. */
static void put_stat(const struct watched *w, const char *name, const struct stat_line *s) {
        int64_t pid = pid_of(w, name);
        char line[256];
        int n = snprintf(line, sizeof(line),
                         "%" PRId64 " (%s) %c %" PRId64 " 1 1 0 -1 0 %" PRId64 " 0 0 0 5 7 0 0 20 0 %" PRId64
                         " 0 %" PRIu64 " %" PRId64 " %" PRId64 " 0 0 0 0\n",
                         pid, name, s->state, s->ppid, s->minflt, s->threads, row_of(w->d, pid)->key.start, s->vsize,
                         s->rss);

        scene_write(&w->scene, pid, "stat", (struct dn_str){line, (size_t)n});
}

static void put_io(const struct scene *scene, int64_t pid, int64_t wchar) {
        char file[256];
        int n = snprintf(file, sizeof(file),
                         "rchar: 1\nwchar: %" PRId64 "\nsyscr: 1\nsyscw: 1\nread_bytes: 0\nwrite_bytes: 0\n"
                         "cancelled_write_bytes: 0\n",
                         wchar);

        scene_write(scene, pid, "io", (struct dn_str){file, (size_t)n});
}

static void what_has_not_run_is_not_read_again(void **state) {
        struct watched w;
        int64_t faults, written;

        watch_with_clock(&w, 1000);
        pass(w.d);
        faults = read_of(&w, "io", DN_page_faults_cached);
        written = read_of(&w, "io", DN_syscall_write_bytes);
        put_stat(&w, "io", &(struct stat_line){'S', pid_of(&w, "scene"), faults + 5, 1, 0, 0});
        put_io(&w.scene, pid_of(&w, "io"), written + 7);
        for (int i = 0; i < 3; i++) {
                pass(w.d);
                assert_int_equal(read_of(&w, "io", DN_page_faults_cached), faults);
                assert_int_equal(read_of(&w, "io", DN_syscall_write_bytes), written);
        }
        run_for(pid_of(&w, "io"), 1);
        pass(w.d);
        assert_int_equal(read_of(&w, "io", DN_page_faults_cached), faults + 5);
        assert_int_equal(read_of(&w, "io", DN_syscall_write_bytes), written + 7);
        assert_int_equal(value_of(listed(w.d, pid_of(&w, "io")), DN_syscall_write_bytes), 7);
        unwatch(&w);
}

static void what_slept_has_a_time_of_its_own_that_goes_on(void **state) {
        int64_t before_ns, read_ns;
        struct watched w;

        watch_with_clock(&w, 1000);
        read_ns = row_of(w.d, pid_of(&w, "io"))->read_ns;
        for (int i = 0; i < 3; i++) {
                before_ns = read_ns;
                pass(w.d);
                read_ns = row_of(w.d, pid_of(&w, "io"))->read_ns;
                assert_true(read_ns > before_ns);
                assert_true(read_ns >= w.d->last->mono_ns);
                assert_int_equal(value_of(listed(w.d, pid_of(&w, "io")), DN_cpu_usage), 0);
        }
        unwatch(&w);
}

static void assert_is_read_asleep(char state, int64_t threads) {
        struct watched w;
        int64_t faults;

        watch_with_clock(&w, 1000);
        faults = read_of(&w, "io", DN_page_faults_cached);
        put_stat(&w, "io", &(struct stat_line){state, pid_of(&w, "scene"), faults, threads, 0, 0});
        run_for(pid_of(&w, "io"), 1);
        pass(w.d);
        put_stat(&w, "io", &(struct stat_line){state, pid_of(&w, "scene"), faults + 9, threads, 0, 0});
        pass(w.d);
        assert_int_equal(read_of(&w, "io", DN_page_faults_cached), faults + 9);
        unwatch(&w);
}

static void what_was_running_is_read_since_its_clock_lags(void **state) {
        assert_is_read_asleep('R', 1);
}

static void a_zombie_is_read_since_it_may_be_waited_for(void **state) {
        assert_is_read_asleep('Z', 1);
}

/* The passes of this test follow one upon the other. */
static void within_a_tick_one_with_several_threads_is_read(void **state) {
        assert_is_read_asleep('S', 3);
}

static void the_last_pass_reads_all(void **state) {
        struct watched w;
        int64_t written;

        watch_with_clock(&w, 1000);
        written = read_of(&w, "io", DN_syscall_write_bytes); /* so did the first */
        put_io(&w.scene, pid_of(&w, "io"), written + 7);
        pass(w.d);
        assert_int_equal(read_of(&w, "io", DN_syscall_write_bytes), written);
        assert_int_equal(dn_sample_take(w.d, true), 0);
        assert_int_equal(read_of(&w, "io", DN_syscall_write_bytes), written + 7);
        unwatch(&w);
}

static void without_a_clock_it_is_read(void **state) {
        struct watched w;
        int64_t written;

        watch_with_clock(&w, 1000);
        written = read_of(&w, "io", DN_syscall_write_bytes);
        clocks[pid_of(&w, "io")] = NO_CLOCK;
        for (int i = 1; i < 4; i++) {
                put_io(&w.scene, pid_of(&w, "io"), written + i);
                pass(w.d);
                assert_int_equal(read_of(&w, "io", DN_syscall_write_bytes), written + i);
        }
        unwatch(&w);
}

static void who_has_no_clock_and_no_files_leaves(void **state) {
        struct watched w;
        int64_t pid;

        watch_with_clock(&w, 0);
        pid = pid_of(&w, "io");
        scene_delete(&w.scene, pid, NULL);
        pass(w.d);
        assert_non_null(row_of(w.d, pid)); /* its clock stands: nobody looks */
        clocks[pid] = NO_CLOCK;
        pass(w.d);
        assert_null(row_of(w.d, pid));
        pass(w.d);
        assert_null(dn_members_find(&w.d->members, pid));
        unwatch(&w);
}

/* ------------------------------------------------------------------------------------ who sleeps, and its parent */

/* Its line says so at once; its clock stands. */
static void hand_on(const struct watched *w, const char *child, int64_t ppid) {
        put_stat(w, child, &(struct stat_line){'S', ppid, 0, 1, 0, 0});
}

static void a_sleeper_whose_parent_is_a_zombie_learns_its_new_one(void **state) {
        struct watched w;

        watch_with_clock(&w, 1000);
        pass(w.d);
        assert_int_equal(read_of(&w, "tree-3", DN_parent_pid), pid_of(&w, "tree-2"));
        put_stat(&w, "tree-2", &(struct stat_line){'Z', pid_of(&w, "tree-1"), 0, 1, 0, 0});
        run_for(pid_of(&w, "tree-2"), 1); /* who ends has run */
        hand_on(&w, "tree-3", 1);
        pass(w.d);
        assert_int_equal(read_of(&w, "tree-3", DN_parent_pid), 1);
        unwatch(&w);
}

static void a_sleeper_whose_parent_is_gone_learns_its_new_one(void **state) {
        struct watched w;

        watch_with_clock(&w, 0);
        pass(w.d);
        scene_delete(&w.scene, pid_of(&w, "tree-2"), NULL);
        clocks[pid_of(&w, "tree-2")] = NO_CLOCK;
        hand_on(&w, "tree-3", pid_of(&w, "scene"));
        pass(w.d);
        assert_int_equal(read_of(&w, "tree-3", DN_parent_pid), pid_of(&w, "scene"));
        unwatch(&w);
}

/* By a new process that has even its pid. */
static void a_sleeper_whose_parents_slot_is_used_again_learns_its_new_one(void **state) {
        struct dn_key parent;
        struct watched w;
        uint32_t slot;

        watch_with_clock(&w, 0);
        pass(w.d);
        parent = row_of(w.d, pid_of(&w, "tree-2"))->key;
        slot = row_of(w.d, parent.pid)->slot;
        assert_int_equal(dn_ledger_end(&w.d->ledger, &(struct dn_end){.key = parent, .how = DN_END_REAPED}), 0);
        put_process(&w.scene, parent.pid, "another", pid_of(&w, "scene"), 99999);
        put_newest(&w.scene, 10);
        hand_on(&w, "tree-3", pid_of(&w, "scene"));
        pass(w.d);
        assert_int_equal(row_of(w.d, parent.pid)->key.start, 99999);
        assert_int_equal(row_of(w.d, parent.pid)->slot, slot);
        assert_int_equal(read_of(&w, "tree-3", DN_parent_pid), pid_of(&w, "scene"));
        unwatch(&w);
}

static void a_sleeper_whose_parent_sleeps_is_left_alone(void **state) {
        struct watched w;

        watch_with_clock(&w, 1000);
        pass(w.d);
        hand_on(&w, "tree-3", 1); /* which cannot be */
        pass(w.d);
        assert_int_equal(read_of(&w, "tree-3", DN_parent_pid), pid_of(&w, "tree-2"));
        unwatch(&w);
}

/* --------------------------------------------------------------------------------------------------- its memory */

static void put_statm(const struct watched *w, const char *name, const char *line) {
        scene_write(&w->scene, pid_of(w, name), "statm", dn_str_of(line));
}

static void memory_is_read_where_stat_says_that_it_moved(void **state) {
        struct stat_line line = {'S', 0, 0, 1, 4096000, 500};
        struct watched w;

        watch_with_clock(&w, 1000);
        line.ppid = pid_of(&w, "scene");
        for (int i = 0; i < 2; i++) {
                put_stat(&w, "io", &line);
                put_statm(&w, "io", "1000 500 0 0 0 0 0\n");
                run_for(pid_of(&w, "io"), 1);
                pass(w.d);
        }
        assert_int_equal(read_of(&w, "io", DN_mem_rss_kb), 2000);
        put_statm(&w, "io", "1000 700 0 0 0 0 0\n");
        run_for(pid_of(&w, "io"), 1);
        pass(w.d);
        assert_int_equal(read_of(&w, "io", DN_mem_rss_kb), 2000);
        line.rss = 690;
        put_stat(&w, "io", &line);
        run_for(pid_of(&w, "io"), 1);
        pass(w.d);
        assert_int_equal(read_of(&w, "io", DN_mem_rss_kb), 2800);
        assert_int_equal(read_of(&w, "io", DN_mem_rss_peak_kb) >= 2800, 1);
        put_statm(&w, "io", "1000 900 0 0 0 0 0\n");
        assert_int_equal(dn_sample_take(w.d, true), 0);
        assert_int_equal(read_of(&w, "io", DN_mem_rss_kb), 3600);
        unwatch(&w);
}

static void memory_of_all_is_read_once_a_second(void **state) {
        struct watched w;

        watch_with_clock(&w, 1000);
        pass(w.d);
        for (int running = 0; running < 2; running++) {
                const char *name = running ? "tree-1" : "io";

                put_stat(&w, name, &(struct stat_line){'S', pid_of(&w, "scene"), 0, 1, 4096000, 500});
                put_statm(&w, name, "1000 500 0 0 0 0 0\n");
                run_for(pid_of(&w, name), 1);
        }
        pass(w.d);
        put_statm(&w, "io", "1000 900 0 0 0 0 0\n");
        put_statm(&w, "tree-1", "1000 800 0 0 0 0 0\n");
        /* Of "io" nothing runs, and of "tree-1" stat sees nothing move. On a busy machine the budget of a pass is
         * short. */
        for (int i = 0; i < 100 && (i < 10 || read_of(&w, "io", DN_mem_rss_kb) != 3600); i++) {
                nanosleep(&(struct timespec){.tv_nsec = 102000000}, NULL);
                run_for(pid_of(&w, "tree-1"), 1);
                pass(w.d);
        }
        assert_int_equal(read_of(&w, "io", DN_mem_rss_kb), 3600);
        assert_int_equal(read_of(&w, "tree-1", DN_mem_rss_kb), 3200);
        unwatch(&w);
}

/* -------------------------------------------------------------------------------------------------- newcomers */

static void *state_of(const struct denet *d, const struct dn_source *source) {
        for (uint32_t i = 0; i < d->n_sources; i++)
                if (d->sources[i].source == source)
                        return d->sources[i].state;
        fail_msg("no such source");
        return NULL;
}

/* A full look leaves members out, but not those whose number was given out again since the pass before. */
static void a_pid_used_again_before_a_full_look_is_found_by_it(void **state) {
        const int64_t later_ns = 70000000000;
        struct watched w;
        struct dn_pass now;
        int64_t pid;

        watch_with_clock(&w, 1000);
        pid = pid_of(&w, "io");
        put_newest(&w.scene, pid - 1);
        pass(w.d);
        put_process(&w.scene, pid, "another", pid_of(&w, "scene"), 99999);
        put_newest(&w.scene, pid);
        now = (struct dn_pass){.mono_ns = w.d->last->mono_ns + later_ns, .now = w.d->last};
        assert_int_equal(dn_source_tree.read(state_of(w.d, &dn_source_tree), &now), 0);
        assert_int_equal(dn_members_find(&w.d->members, pid)->key.start, 99999);
        unwatch(&w);
}

static void a_full_look_finds_whom_no_number_told_of(void **state) {
        const int64_t later_ns = 70000000000;
        struct watched w;
        struct dn_pass now;

        watch_with_clock(&w, 1000);
        put_newest(&w.scene, 3000);
        pass(w.d);
        put_process(&w.scene, 2500, "set_tid", pid_of(&w, "scene"), 99999);
        pass(w.d);
        assert_null(dn_members_find(&w.d->members, 2500));
        now = (struct dn_pass){.mono_ns = w.d->last->mono_ns + later_ns, .now = w.d->last};
        assert_int_equal(dn_source_tree.read(state_of(w.d, &dn_source_tree), &now), 0);
        assert_non_null(dn_members_find(&w.d->members, 2500));
        unwatch(&w);
}

/* ------------------------------------------------------------------------------------------------- the network */

static int64_t received_at(const struct watched *w, int64_t after_ms, int64_t received) {
        struct dn_pass now = {
                .mono_ns = w->d->last->mono_ns + after_ms * 1000000, .age_ns = after_ms * 1000000, .now = w->d->last};
        int64_t pid = pid_of(w, "scene");
        char file[256];
        int n = snprintf(file, sizeof(file), "Inter-|\n face |\n  eth0: %" PRId64 " 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n",
                         received);

        scene_write(&w->scene, pid, "net/dev", (struct dn_str){file, (size_t)n});
        assert_int_equal(dn_source_network.read(state_of(w->d, &dn_source_network), &now), 0);
        return value_of(row_of(w->d, pid), DN_sys_net_rx_bytes);
}

/* After its end nothing can be read of it: a second would be most of a short command's life. */
static void the_network_is_read_more_often_while_the_command_is_young(void **state) {
        struct watched w;

        watch_with_clock(&w, 1000);
        assert_int_equal(received_at(&w, 100, 1), 1);
        assert_int_equal(received_at(&w, 109, 2), 1);
        assert_int_equal(received_at(&w, 111, 3), 3);
        assert_int_equal(received_at(&w, 60000, 4), 4);
        assert_int_equal(received_at(&w, 60999, 5), 4);
        assert_int_equal(received_at(&w, 61001, 6), 6);
        unwatch(&w);
}

/* ------------------------------------------------------------------------------------------------- descriptors */

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

/* ----------------------------------------------------------------------------------------- slow files in their turn */

enum { MANY = 300, FIRST_OF_MANY = 1000, PASSES = 120 };

static void put_switches(const struct watched *w, int64_t pid, int64_t switches) {
        char file[256];
        int n = snprintf(file, sizeof(file),
                         "Name:\tmany\nPid:\t1\nSigIgn:\t0000000000000000\nvoluntary_ctxt_switches:\t%" PRId64
                         "\nnonvoluntary_ctxt_switches:\t0\n",
                         switches);

        scene_write(&w->scene, pid, "status", (struct dn_str){file, (size_t)n});
}

static void watch_many(struct watched *w) {
        for (int pid = 0; pid < CLOCKS; pid++)
                clocks[pid] = NO_CLOCK;
        scene_load(&w->scene, "6.12");
        scene_copy(&w->scene);
        for (int i = 0; i < MANY; i++) {
                put_process(&w->scene, FIRST_OF_MANY + i, "many", pid_of(w, "scene"), 99999);
                put_switches(w, FIRST_OF_MANY + i, 0);
        }
        w->d = prepare(&w->scene, "scene");
        w->d->target.procfs->cpu_clock = clock_of_the_test;
        begin(w->d);
}

/* How often each was read: what it said then is the number of that pass. */
static void count_readings(const struct watched *w, int number, int readings[MANY]) {
        for (int i = 0; i < MANY; i++)
                readings[i] += value_of(row_of(w->d, FIRST_OF_MANY + i), DN_ctx_switches_voluntary) == number;
}

static void slow_files_are_read_in_turn_and_nobody_starves(void **state) {
        int readings[MANY] = {0}, least = 0, most = 0, total = 0;
        struct watched w;

        watch_many(&w);
        for (int number = 1; number <= PASSES; number++) {
                struct dn_pass now = {.mono_ns = w.d->last->mono_ns + number * INT64_C(1100000000), .now = w.d->last};

                for (int i = 0; i < MANY; i++)
                        put_switches(&w, FIRST_OF_MANY + i, number);
                assert_int_equal(dn_source_process_slow.read(state_of(w.d, &dn_source_process_slow), &now), 0);
                count_readings(&w, number, readings);
                least = most = readings[0];
                for (int i = 1; i < MANY; i++) {
                        least = readings[i] < least ? readings[i] : least;
                        most = readings[i] > most ? readings[i] : most;
                }
                assert_true(most - least <= 1);
        }
        for (int i = 0; i < MANY; i++)
                total += readings[i];
        assert_true(least >= 1);
        assert_true(total < PASSES * MANY / 2); /* all were due in each pass: the budget held */
        unwatch(&w);
}

RUN_TESTS(LEAVES_NOTHING(what_has_not_run_is_not_read_again),
          LEAVES_NOTHING(what_slept_has_a_time_of_its_own_that_goes_on),
          LEAVES_NOTHING(what_was_running_is_read_since_its_clock_lags),
          LEAVES_NOTHING(a_zombie_is_read_since_it_may_be_waited_for),
          LEAVES_NOTHING(within_a_tick_one_with_several_threads_is_read), LEAVES_NOTHING(the_last_pass_reads_all),
          LEAVES_NOTHING(without_a_clock_it_is_read), LEAVES_NOTHING(who_has_no_clock_and_no_files_leaves),
          LEAVES_NOTHING(a_sleeper_whose_parent_is_a_zombie_learns_its_new_one),
          LEAVES_NOTHING(a_sleeper_whose_parent_is_gone_learns_its_new_one),
          LEAVES_NOTHING(a_sleeper_whose_parents_slot_is_used_again_learns_its_new_one),
          LEAVES_NOTHING(a_sleeper_whose_parent_sleeps_is_left_alone),
          LEAVES_NOTHING(memory_is_read_where_stat_says_that_it_moved),
          LEAVES_NOTHING(memory_of_all_is_read_once_a_second),
          LEAVES_NOTHING(a_pid_used_again_before_a_full_look_is_found_by_it),
          LEAVES_NOTHING(a_full_look_finds_whom_no_number_told_of),
          LEAVES_NOTHING(the_network_is_read_more_often_while_the_command_is_young),
          LEAVES_NOTHING(any_limit_of_descriptors_gives_the_same_values),
          LEAVES_NOTHING(directories_are_given_up_first),
          LEAVES_NOTHING(a_sleepers_files_are_given_up_before_those_of_one_that_runs),
          LEAVES_NOTHING(when_the_kernel_has_no_more_descriptors_nothing_is_lost),
          LEAVES_NOTHING(slow_files_are_read_in_turn_and_nobody_starves))
