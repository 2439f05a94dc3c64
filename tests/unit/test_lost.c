/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "model/lost.h"

enum { OUR_PID = 1000, ELSEWHERE = 2000 };
static const struct dn_key parent = {1, 1}, child = {2, 1}, second = {3, 1};

struct scene {
        struct dn_members members;
        struct dn_ledger ledger;
        struct dn_lost lost;
        struct dn_snapshot s[3];
};

static void set(struct scene *c, int i, struct dn_key key, int id, int64_t value) {
        struct dn_row *row = dn_snapshot_find(&c->s[i], key);

        if (!row)
                row = admit(&c->s[i], &c->members, key, parent);
        dn_row_set(row, id, value, c->s[i].number);
}

/* The parent, and two children with CPU time 70 and 20 faults each, in the first snapshot; not all is read yet in the
 * second. */
static int set_up(void **state) {
        struct scene *c = calloc(1, sizeof(*c));
        const struct dn_key children[] = {child, second};

        assert_int_equal(dn_snapshot_begin(&c->s[0], NULL, 0, 0), 0);
        set(c, 0, parent, DN_reaped_page_faults_cached, 100);
        for (int i = 0; i < 2; i++) {
                set(c, 0, children[i], DN_parent_pid, parent.pid);
                set(c, 0, children[i], DN_cpu_user_secs, 50);
                set(c, 0, children[i], DN_reaped_cpu_user_secs, 20);
                set(c, 0, children[i], DN_page_faults_cached, 20);
        }
        assert_int_equal(dn_snapshot_begin(&c->s[1], &c->s[0], 1, 1), 0);
        *state = c;
        return 0;
}

static int tear_down(void **state) {
        struct scene *c = *state;

        for (int i = 0; i < 3; i++)
                dn_snapshot_free(&c->s[i]);
        dn_ledger_free(&c->ledger);
        dn_lost_free(&c->lost);
        dn_members_free(&c->members);
        free(c);
        return 0;
}

static void leave(struct scene *c, int i, struct dn_key key) {
        dn_snapshot_find(&c->s[i], key)->gone = true;
}

static void look_for(struct scene *c, int i, int64_t adopter) {
        assert_int_equal(dn_lost_look(&c->lost, &c->s[i], &c->s[i - 1], &c->members, adopter, &c->ledger), 0);
}

static void look(struct scene *c, int i) {
        look_for(c, i, OUR_PID);
}

/* The pass after, in which the parent has been handed so many faults in all. */
static void next_pass(struct scene *c, int64_t handed) {
        assert_int_equal(dn_snapshot_begin(&c->s[2], &c->s[1], 2, 2), 0);
        set(c, 2, parent, DN_reaped_page_faults_cached, handed);
        look(c, 2);
}

static int64_t written_off(const struct scene *c) {
        int64_t value;

        return dn_ledger_get(&c->ledger, DN_cpu_user_secs, &value) ? value : 0;
}

static void a_child_that_was_waited_for_is_not_lost(void **state) {
        struct scene *c = *state;

        leave(c, 1, child);
        look(c, 1);
        next_pass(c, 120);
        assert_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 0);
}

static void a_child_whose_parent_was_handed_nothing_is_written_off_with_what_it_had_reaped(void **state) {
        struct scene *c = *state;

        leave(c, 1, child);
        look(c, 1);
        assert_int_equal(written_off(c), 0);
        next_pass(c, 100);
        assert_non_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 70);
        assert_int_equal(c->ledger.n_lost, 1);
}

/* Its clock had not moved yet when it was looked at, so what it was handed was not read. */
static void a_parent_that_runs_without_a_pause_is_given_time_to_be_read(void **state) {
        struct scene *c = *state;

        leave(c, 1, child);
        look(c, 1);
        assert_int_equal(dn_snapshot_begin(&c->s[2], &c->s[1], 2000000, 2000000), 0);
        c->s[2].cores = 2;
        look(c, 2);
        assert_null(c->ledger.lower_bound);
        set(c, 2, parent, DN_reaped_page_faults_cached, 120);
        c->s[2].mono_ns = 40000000;
        look(c, 2);
        assert_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 0);
        assert_int_equal(c->lost.n, 0);
}

/* … and no more than that. */
static void a_parent_that_was_handed_nothing_is_not_waited_for_long(void **state) {
        struct scene *c = *state;

        leave(c, 1, child);
        look(c, 1);
        assert_int_equal(dn_snapshot_begin(&c->s[2], &c->s[1], 40000000, 40000000), 0);
        c->s[2].cores = 2;
        look(c, 2);
        assert_non_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 70);
}

/* One of two was waited for; nobody knows which, so none is counted twice. */
static void a_parent_that_was_handed_too_little_makes_a_lower_bound_alone(void **state) {
        struct scene *c = *state;

        leave(c, 1, child);
        leave(c, 1, second);
        look(c, 1);
        next_pass(c, 125);
        assert_non_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 0);
}

/* A subreaper within the tree has waited for it. */
static void a_child_whose_parent_has_ended_unwaited_for_is_not_written_off(void **state) {
        struct scene *c = *state;

        leave(c, 1, child);
        look(c, 1);
        assert_int_equal(dn_snapshot_begin(&c->s[2], &c->s[1], 2, 2), 0);
        set(c, 2, parent, DN_state, 'Z');
        look(c, 2);
        assert_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 0);
}

static void an_orphan_that_was_taken_away_is_written_off(void **state) {
        struct scene *c = *state;

        set(c, 1, child, DN_parent_pid, ELSEWHERE);
        leave(c, 1, child);
        look_for(c, 1, 0);
        assert_non_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 70);
}

static void an_orphan_that_a_subreaper_of_the_tree_waited_for_before_it_ended_is_not_counted_twice(void **state) {
        struct scene *c = *state;

        set(c, 1, child, DN_parent_pid, ELSEWHERE);
        leave(c, 1, child);
        look(c, 1);
        assert_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 0);
}

static void an_orphan_that_is_ours_to_wait_for_is_not_lost(void **state) {
        struct scene *c = *state;

        set(c, 1, child, DN_parent_pid, OUR_PID);
        leave(c, 1, child);
        look(c, 1);
        next_pass(c, 100);
        assert_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 0);
}

static void a_process_that_ignores_sigchld_is_enough(void **state) {
        struct scene *c = *state;

        set(c, 1, parent, DN_ignores_sigchld, 1);
        look(c, 1);
        assert_non_null(c->ledger.lower_bound);
        assert_int_equal(written_off(c), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(a_child_that_was_waited_for_is_not_lost),
          TEST(a_child_whose_parent_was_handed_nothing_is_written_off_with_what_it_had_reaped),
          TEST(a_parent_that_was_handed_too_little_makes_a_lower_bound_alone),
          TEST(a_parent_that_runs_without_a_pause_is_given_time_to_be_read),
          TEST(a_parent_that_was_handed_nothing_is_not_waited_for_long),
          TEST(a_child_whose_parent_has_ended_unwaited_for_is_not_written_off),
          TEST(an_orphan_that_was_taken_away_is_written_off),
          TEST(an_orphan_that_a_subreaper_of_the_tree_waited_for_before_it_ended_is_not_counted_twice),
          TEST(an_orphan_that_is_ours_to_wait_for_is_not_lost), TEST(a_process_that_ignores_sigchld_is_enough))
