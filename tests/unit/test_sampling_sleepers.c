/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whose clock stands is not read again, but for those that it does not speak for and those that get a new parent. */
#include "clocked.h"
#include "descriptors.h"

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

RUN_TESTS(LEAVES_NOTHING(what_has_not_run_is_not_read_again),
          LEAVES_NOTHING(what_slept_has_a_time_of_its_own_that_goes_on),
          LEAVES_NOTHING(what_was_running_is_read_since_its_clock_lags),
          LEAVES_NOTHING(a_zombie_is_read_since_it_may_be_waited_for),
          LEAVES_NOTHING(within_a_tick_one_with_several_threads_is_read), LEAVES_NOTHING(the_last_pass_reads_all),
          LEAVES_NOTHING(without_a_clock_it_is_read), LEAVES_NOTHING(who_has_no_clock_and_no_files_leaves),
          LEAVES_NOTHING(a_sleeper_whose_parent_is_a_zombie_learns_its_new_one),
          LEAVES_NOTHING(a_sleeper_whose_parent_is_gone_learns_its_new_one),
          LEAVES_NOTHING(a_sleeper_whose_parents_slot_is_used_again_learns_its_new_one),
          LEAVES_NOTHING(a_sleeper_whose_parent_sleeps_is_left_alone))
