/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is not read in every pass: memory, the network, the slow files, and whether there is anyone new. */
#include "clocked.h"
#include "descriptors.h"
#include "sources/linux/sources.h"

#include <time.h>

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

RUN_TESTS(LEAVES_NOTHING(memory_is_read_where_stat_says_that_it_moved),
          LEAVES_NOTHING(memory_of_all_is_read_once_a_second),
          LEAVES_NOTHING(a_pid_used_again_before_a_full_look_is_found_by_it),
          LEAVES_NOTHING(a_full_look_finds_whom_no_number_told_of),
          LEAVES_NOTHING(the_network_is_read_more_often_while_the_command_is_young),
          LEAVES_NOTHING(slow_files_are_read_in_turn_and_nobody_starves))
