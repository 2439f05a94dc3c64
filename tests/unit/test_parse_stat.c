/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "scene.h"
#include "sources/linux/parse_stat.h"

#define TAIL " S 1 7 7 0 -1 64 11 12 13 14 15 16 17 18 20 0 3 0 99"

static int parse(struct dn_str line, struct dn_stat *ret_stat) {
        struct dn_str exact = scene_exact(line);
        int r = dn_stat_parse(exact, ret_stat);

        free((void *)exact.p);
        return r;
}

static struct dn_stat recorded(const struct scene *scene, const char *name) {
        dn_autotext struct dn_text text = {0};
        struct dn_stat st = {0};

        assert_true(scene_read(scene, name, "stat", &text));
        assert_int_equal(parse(dn_text_str(&text), &st), 0);
        return st;
}

static void assert_comm(const struct scene *scene, const char *name, struct dn_str expected) {
        dn_autotext struct dn_text comm = {0};
        struct dn_stat st = recorded(scene, name);

        assert_int_equal(st.comm_size, expected.n);
        assert_memory_equal(st.comm, expected.p, expected.n);
        assert_int_equal(st.comm[st.comm_size], '\0');
        assert_true(scene_read(scene, name, "comm", &comm));
        assert_int_equal(comm.n, expected.n + 1);
        assert_memory_equal(comm.p, expected.p, expected.n);
}

static void a_name_comes_back_byte_for_byte(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_comm(&scene, "parenthesis", DN_STR("a) b (c"));
                assert_comm(&scene, "newline", DN_STR("new\nline"));
                assert_comm(&scene, "spaces", DN_STR(" two  words "));
                assert_comm(&scene, "bytes", DN_STR("\xff\xfe caf\xe9"));
                assert_comm(&scene, "lookalike", DN_STR(") R 1 2 3 4 5 6"));
                assert_comm(&scene, "empty", DN_STR(""));
                assert_comm(&scene, "arguments", DN_STR("gone"));
                assert_comm(&scene, "leader-ended", DN_STR("leader-ended"));
        }
}

static void each_state_has_its_letter(void **state) {
        static const struct {
                const char *name;
                char letter;
        } states[] = {
                {"zombie", 'Z'},  {"leader-ended", 'Z'}, {"stopped", 'T'},   {"traced", 't'},
                {"running", 'R'}, {"vfork-parent", 'D'}, {"lookalike", 'S'}, {"scene", 'S'},
        };
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                for (size_t i = 0; i < DN_COUNT(states); i++)
                        assert_int_equal(recorded(&scene, states[i].name).state, states[i].letter);
        }
}

static void every_recorded_process_has_its_parent(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                for (size_t i = 0; i < scene.n; i++) {
                        const struct scene_process *p = &scene.processes[i];
                        int64_t ppid = strcmp(p->parent, "-") == 0 ? 0 : scene_find(&scene, p->parent)->pid;

                        assert_int_equal(recorded(&scene, p->name).ppid, ppid);
                }
        }
}

static void threads_are_counted(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_int_equal(recorded(&scene, "threads").num_threads, 4);
                assert_int_equal(recorded(&scene, "leader-ended").num_threads, 3);
                assert_int_equal(recorded(&scene, "zombie").num_threads, 1);
        }
}

static void what_was_reaped_stands_apart_from_its_own(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                struct dn_stat reaped, zombie;

                scene_load(&scene, scene_kernels[k]);
                reaped = recorded(&scene, "reaped");
                zombie = recorded(&scene, "zombie");
                assert_in_range(reaped.cutime_ticks + reaped.cstime_ticks, 50, 70);
                assert_in_range(reaped.utime_ticks + reaped.stime_ticks, 0, 4);
                assert_int_equal(reaped.cminflt, 24);
                assert_int_equal(reaped.minflt, 15);
                assert_in_range(zombie.utime_ticks + zombie.stime_ticks, 8, 12);
                assert_int_equal(zombie.cutime_ticks + zombie.cstime_ticks, 0);
        }
}

static void nobody_started_before_the_parent_that_has_it(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                uint64_t root;

                scene_load(&scene, scene_kernels[k]);
                root = recorded(&scene, "scene").start_ticks;
                assert_true(root > 0);
                for (size_t i = 0; i < scene.n; i++)
                        if (scene_is_below(&scene, &scene.processes[i], "scene"))
                                assert_true(recorded(&scene, scene.processes[i].name).start_ticks >= root);
        }
}

/* PF_KTHREAD. 6.18 was recorded in a PID namespace that has no kthreadd. */
static void the_kernels_own_threads_are_marked(void **state) {
        struct scene scene;
        int found = 0;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                for (size_t i = 0; i < scene.n; i++) {
                        const char *name = scene.processes[i].name;
                        bool is_thread = recorded(&scene, name).flags & 0x00200000;

                        assert_int_equal(is_thread, strcmp(name, "kthreadd") == 0);
                        found += is_thread;
                }
        }
        assert_int_equal(found, 4);
}

static void where_it_ran_and_where_its_stack_began_are_known(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                assert_in_range(recorded(&scene, "running").processor, 0, 3);
                assert_true(recorded(&scene, "running").startstack > 0);
                assert_int_equal(recorded(&scene, "zombie").startstack, 0);
        }
}

static void numbers_stand_in_their_places(void **state) {
        struct dn_stat st;

        assert_int_equal(parse(DN_STR("7 (a)" TAIL " 1 2 3 4 5 140737488347136 1 2 3 4 5 6 7 8 9 17 2 0 0\n"), &st), 0);
        assert_int_equal(st.state, 'S');
        assert_int_equal(st.ppid, 1);
        assert_int_equal(st.flags, 64);
        assert_int_equal(st.minflt, 11);
        assert_int_equal(st.cminflt, 12);
        assert_int_equal(st.majflt, 13);
        assert_int_equal(st.cmajflt, 14);
        assert_int_equal(st.utime_ticks, 15);
        assert_int_equal(st.stime_ticks, 16);
        assert_int_equal(st.cutime_ticks, 17);
        assert_int_equal(st.cstime_ticks, 18);
        assert_int_equal(st.num_threads, 3);
        assert_int_equal(st.start_ticks, 99);
        assert_int_equal(st.startstack, 140737488347136);
        assert_int_equal(st.processor, 2);
        assert_false(st.ignores_sigchld);
}

/* SIGCHLD is 17, so bit 16. */
static void ignoring_the_end_of_children_is_seen(void **state) {
        struct dn_stat st;

        assert_int_equal(parse(DN_STR("7 (a)" TAIL " 1 2 3 4 5 6 7 8 9 0 65536 0 4 5 6 17 2 0 0\n"), &st), 0);
        assert_true(st.ignores_sigchld);
        assert_int_equal(st.processor, 2);
        assert_int_equal(parse(DN_STR("7 (a)" TAIL " 1 2 3 4 5 6 7 8 65536 65536 2147418111 65536\n"), &st), 0);
        assert_false(st.ignores_sigchld);
        assert_int_equal(parse(DN_STR("7 (a)" TAIL " 1 2 3 4 5 6 7 8 9 0\n"), &st), 0);
        assert_false(st.ignores_sigchld);
}

static void a_line_may_end_behind_the_start_time(void **state) {
        struct dn_stat st;

        assert_int_equal(parse(DN_STR("7 (a)" TAIL), &st), 0);
        assert_int_equal(st.start_ticks, 99);
        assert_int_equal(st.startstack, 0);
        assert_int_equal(st.processor, -1);
}

static void a_line_that_is_cut_before_that_is_refused(void **state) {
        static const struct dn_str line = DN_STR("7 (a) b)" TAIL);
        struct dn_stat st, before;

        memset(&before, 0xa5, sizeof(before));
        st = before;
        for (size_t n = 0; n < line.n - 2; n++)
                assert_int_equal(parse((struct dn_str){line.p, n}, &st), -EBADMSG);
        assert_memory_equal(&st, &before, sizeof(st));
}

static void any_cut_of_a_recorded_line_is_taken_or_refused(void **state) {
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                dn_autotext struct dn_text text = {0};
                struct dn_stat st;

                scene_load(&scene, scene_kernels[k]);
                assert_true(scene_read(&scene, "newline", "stat", &text));
                for (size_t n = 0; n <= text.n; n++) {
                        int r = parse((struct dn_str){text.p, n}, &st);

                        assert_true(r == 0 || r == -EBADMSG);
                }
        }
}

static void what_is_no_such_line_is_refused(void **state) {
        static const struct dn_str bad[] = {
                DN_STR(""),
                DN_STR("\n"),
                DN_STR("\0\0\0\0"),
                DN_STR("7"),
                DN_STR("7 (a"),
                DN_STR("7 a" TAIL),
                DN_STR("7 a)" TAIL),
                DN_STR("7 )a(" TAIL),
                DN_STR("7 (a)"),
                DN_STR("7 (a) S"),
                DN_STR("7 (a) SS 1 7 7 0 -1 64 11 12 13 14 15 16 17 18 20 0 3 0 99"),
                DN_STR("7 (a) S x 7 7 0 -1 64 11 12 13 14 15 16 17 18 20 0 3 0 99"),
                DN_STR("7 (a) S 1 7 7 0 -1 -64 11 12 13 14 15 16 17 18 20 0 3 0 99"),
                DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 -15 16 17 18 20 0 3 0 99"),
                DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 0x15 16 17 18 20 0 3 0 99"),
                DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 15 16 17 18 20 0 3 0 -99"),
                DN_STR("7 (a) S\0001\0007\0007\0000\000-1\00064\00011\00012\00013\00014\00015\00016\00017\00018"),
                DN_STR("7 (a) S 99999999999999999999 7 7 0 -1 64 11 12 13 14 15 16 17 18 20 0 3 0 99"),
                DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 18446744073709551616 16 17 18 20 0 3 0 99"),
                DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 15 16 17 18 20 0 3 0 99999999999999999999"),
        };
        struct dn_stat st, before;

        memset(&before, 0xa5, sizeof(before));
        st = before;
        for (size_t i = 0; i < DN_COUNT(bad); i++)
                if (parse(bad[i], &st) != -EBADMSG)
                        fail_msg("taken: %.*s", (int)bad[i].n, bad[i].p);
        assert_memory_equal(&st, &before, sizeof(st));
}

/* They are counted in microseconds later on. */
static void ticks_that_no_clock_can_reach_are_refused(void **state) {
        struct dn_stat st;

        assert_int_equal(
                parse(DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 18446744073709551615 16 17 18 20 0 3 0 99"), &st),
                -EBADMSG);
        assert_int_equal(
                parse(DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 15 16 9223372036854775807 18 20 0 3 0 99"), &st),
                -EBADMSG);
        assert_int_equal(
                parse(DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 15 16 17 18 20 0 3 0 9223372036854775807"), &st),
                -EBADMSG);
        assert_int_equal(
                parse(DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 9999999999 16 17 18 20 0 3 0 9999999999"), &st), 0);
}

static void negative_time_of_children_is_none(void **state) {
        struct dn_stat st;

        assert_int_equal(
                parse(DN_STR("7 (a) S 1 7 7 0 -1 64 11 12 13 14 15 16 -1 -9223372036854775808 20 0 3 0 99"), &st), 0);
        assert_int_equal(st.cutime_ticks, 0);
        assert_int_equal(st.cstime_ticks, 0);
}

static void a_parent_and_a_count_of_threads_may_be_negative(void **state) {
        struct dn_stat st;

        assert_int_equal(parse(DN_STR("7 (a) S -1 7 7 0 -1 64 11 12 13 14 15 16 17 18 20 0 -3 0 99"), &st), 0);
        assert_int_equal(st.ppid, -1);
        assert_int_equal(st.num_threads, 0);
}

static void a_name_may_hold_a_nul(void **state) {
        struct dn_stat st;

        assert_int_equal(parse(DN_STR("7 (a\0b)" TAIL), &st), 0);
        assert_int_equal(st.comm_size, 3);
        assert_memory_equal(st.comm, "a\0b", 4);
}

static void a_name_too_long_is_cut(void **state) {
        dn_autotext struct dn_text line = {0};
        struct dn_stat st;

        dn_text_printf(&line, "7 (%0100d)" TAIL, 1);
        assert_int_equal(parse(dn_text_str(&line), &st), 0);
        assert_int_equal(st.comm_size, DN_COMM_MAX - 1);
        assert_int_equal(st.comm[DN_COMM_MAX - 1], '\0');
        assert_int_equal(st.start_ticks, 99);
}

/* ---- against a reader that takes word after word ---- */

static bool skip_words(struct dn_str *rest, int n) {
        struct dn_str word;

        while (n-- > 0)
                if (!dn_str_word(rest, &word))
                        return false;
        return true;
}

static bool take_time(struct dn_str *rest, uint64_t *ret_ticks) {
        int64_t value;

        if (!dn_str_take_i64(rest, &value))
                return false;
        *ret_ticks = value < 0 ? 0 : (uint64_t)value;
        return true;
}

static int parse_plainly(struct dn_str line, struct dn_stat *st) {
        struct dn_str name, rest, word;
        int64_t threads;
        uint64_t ignored = 0;

        *st = (struct dn_stat){.processor = -1};
        if (!dn_str_between_last(line, '(', ')', &name, &rest) || !dn_str_word(&rest, &word) || word.n != 1 ||
            !dn_str_take_i64(&rest, &st->ppid) || !skip_words(&rest, 4) || !dn_str_take_u64(&rest, &st->flags) ||
            !dn_str_take_u64(&rest, &st->minflt) || !dn_str_take_u64(&rest, &st->cminflt) ||
            !dn_str_take_u64(&rest, &st->majflt) || !dn_str_take_u64(&rest, &st->cmajflt) ||
            !dn_str_take_u64(&rest, &st->utime_ticks) || !dn_str_take_u64(&rest, &st->stime_ticks) ||
            !take_time(&rest, &st->cutime_ticks) || !take_time(&rest, &st->cstime_ticks) || !skip_words(&rest, 2) ||
            !dn_str_take_i64(&rest, &threads) || !skip_words(&rest, 1) || !dn_str_take_u64(&rest, &st->start_ticks))
                return -EBADMSG;
        st->state = word.p[0];
        st->num_threads = threads < 0 ? 0 : (uint64_t)threads;
        if ((st->utime_ticks | st->stime_ticks | st->cutime_ticks | st->cstime_ticks | st->start_ticks) >> 44 ||
            (st->minflt | st->cminflt | st->majflt | st->cmajflt | st->num_threads) >> 56)
                return -EBADMSG;
        st->comm_size = (uint8_t)(name.n < DN_COMM_MAX ? name.n : DN_COMM_MAX - 1);
        memcpy(st->comm, name.p, st->comm_size);
        if (dn_str_take_u64(&rest, &st->vsize_bytes) && dn_str_take_u64(&rest, &st->rss_pages) &&
            skip_words(&rest, 3) && dn_str_take_u64(&rest, &st->startstack) && skip_words(&rest, 4) &&
            dn_str_take_u64(&rest, &ignored) && skip_words(&rest, 5) && !dn_str_take_i64(&rest, &st->processor))
                st->processor = -1;
        st->ignores_sigchld = ignored >> 16 & 1;
        return 0;
}

static bool equal_numbers(const struct dn_stat *a, const struct dn_stat *b) {
        return a->state == b->state && a->ppid == b->ppid && a->flags == b->flags && a->minflt == b->minflt &&
               a->cminflt == b->cminflt && a->majflt == b->majflt && a->cmajflt == b->cmajflt &&
               a->utime_ticks == b->utime_ticks && a->stime_ticks == b->stime_ticks &&
               a->cutime_ticks == b->cutime_ticks && a->cstime_ticks == b->cstime_ticks &&
               a->num_threads == b->num_threads && a->start_ticks == b->start_ticks &&
               a->vsize_bytes == b->vsize_bytes && a->rss_pages == b->rss_pages && a->startstack == b->startstack &&
               a->processor == b->processor && a->ignores_sigchld == b->ignores_sigchld;
}

static void assert_as_the_plain_reader(struct dn_str line) {
        struct dn_stat st = {0}, plain;
        int r = parse(line, &st);

        if (r != parse_plainly(line, &plain) ||
            (r == 0 && (!equal_numbers(&st, &plain) || st.comm_size != plain.comm_size ||
                        memcmp(st.comm, plain.comm, DN_COMM_MAX) != 0)))
                fail_msg("%d: %.*s", r, (int)line.n, line.p);
}

static void whatever_becomes_of_a_line_it_is_read_as_word_after_word(void **state) {
        scene_change_each("stat", assert_as_the_plain_reader);
}

RUN_TESTS(cmocka_unit_test(a_name_comes_back_byte_for_byte), cmocka_unit_test(each_state_has_its_letter),
          cmocka_unit_test(every_recorded_process_has_its_parent), cmocka_unit_test(threads_are_counted),
          cmocka_unit_test(what_was_reaped_stands_apart_from_its_own),
          cmocka_unit_test(nobody_started_before_the_parent_that_has_it),
          cmocka_unit_test(the_kernels_own_threads_are_marked),
          cmocka_unit_test(where_it_ran_and_where_its_stack_began_are_known),
          cmocka_unit_test(numbers_stand_in_their_places), cmocka_unit_test(ignoring_the_end_of_children_is_seen),
          cmocka_unit_test(a_line_may_end_behind_the_start_time),
          cmocka_unit_test(a_line_that_is_cut_before_that_is_refused),
          cmocka_unit_test(any_cut_of_a_recorded_line_is_taken_or_refused),
          cmocka_unit_test(what_is_no_such_line_is_refused),
          cmocka_unit_test(ticks_that_no_clock_can_reach_are_refused),
          cmocka_unit_test(negative_time_of_children_is_none),
          cmocka_unit_test(a_parent_and_a_count_of_threads_may_be_negative), cmocka_unit_test(a_name_may_hold_a_nul),
          cmocka_unit_test(a_name_too_long_is_cut),
          cmocka_unit_test(whatever_becomes_of_a_line_it_is_read_as_word_after_word))
