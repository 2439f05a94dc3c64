/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "model/accounts.h"
#include "model/lost.h"

/* ---- by hand ---- */

struct scene {
        struct dn_members members;
        struct dn_ledger ledger;
        struct dn_snapshot snapshots[2], *now, *last;
};

static const struct dn_key parent = {1, 1}, child = {2, 1};

static void begin(struct scene *s) {
        struct dn_snapshot *free_one = s->now == &s->snapshots[0] ? &s->snapshots[1] : &s->snapshots[0];

        s->last = s->now;
        s->now = free_one;
        if (s->last)
                dn_snapshot_leave(s->last, &s->ledger);
        for (uint32_t i = 0; s->last && i < s->last->part[DN_PROCESS].n; i++)
                if (dn_table_row(&s->last->part[DN_PROCESS], i)->gone)
                        dn_members_remove(&s->members, dn_table_row(&s->last->part[DN_PROCESS], i)->slot);
        assert_int_equal(dn_snapshot_begin(s->now, s->last, s->last ? s->last->mono_ns + 100 : 100, 0), 0);
}

static void settle(struct scene *s) {
        dn_accounts_settle(s->now, s->last, &s->ledger);
        dn_ledger_settled(&s->ledger);
}

static void set(struct scene *s, struct dn_key key, int id, int64_t value) {
        struct dn_row *row = dn_snapshot_find(s->now, key);

        if (!row)
                row = admit(s->now, &s->members, key, parent);
        dn_row_set(row, id, value, s->now->number);
}

static int64_t whole(const struct scene *s, int id) {
        int64_t value;

        return dn_row_get(dn_snapshot_whole(s->now), id, &value) ? value : -1;
}

static void scene_free(struct scene *s) {
        dn_snapshot_free(&s->snapshots[0]);
        dn_snapshot_free(&s->snapshots[1]);
        dn_ledger_free(&s->ledger);
        dn_members_free(&s->members);
}

/* What the parent and the child had used before the child was waited for: at 0 before the pass, at 1 between the two
 * reads, at 2 after both. */
static void a_childs_total_moves_to_its_parent_unseen(void **state) {
        for (int moved_at = 0; moved_at <= 2; moved_at++) {
                struct scene s = {0};

                begin(&s);
                set(&s, parent, DN_cpu_user_secs, 100);
                set(&s, parent, DN_reaped_cpu_user_secs, 0);
                set(&s, parent, DN_syscall_read_bytes, 5);
                set(&s, child, DN_cpu_user_secs, 40);
                set(&s, child, DN_syscall_read_bytes, 3);
                settle(&s);
                assert_int_equal(whole(&s, DN_cpu_user_secs), 140);

                begin(&s);
                set(&s, parent, DN_cpu_user_secs, 110);
                if (moved_at == 0) {
                        set(&s, parent, DN_reaped_cpu_user_secs, 50);
                        set(&s, parent, DN_syscall_read_bytes, 8);
                }
                if (moved_at < 2)
                        dn_snapshot_find(s.now, child)->gone = true;
                else
                        set(&s, child, DN_cpu_user_secs, 50);
                settle(&s);
                assert_int_equal(whole(&s, DN_cpu_user_secs), moved_at == 1 ? 150 : 160);
                assert_int_equal(whole(&s, DN_syscall_read_bytes), 8);

                begin(&s);
                set(&s, parent, DN_reaped_cpu_user_secs, 50);
                set(&s, parent, DN_syscall_read_bytes, 8);
                if (moved_at == 2)
                        dn_snapshot_find(s.now, child)->gone = true;
                settle(&s);
                assert_int_equal(whole(&s, DN_cpu_user_secs), 160);
                assert_int_equal(whole(&s, DN_syscall_read_bytes), 8);
                scene_free(&s);
        }
}

static void an_orphan_that_we_reap_counts_once(void **state) {
        dn_autofree struct dn_row *last = dn_row_new();
        struct scene s = {0};

        begin(&s);
        set(&s, parent, DN_cpu_user_secs, 100);
        set(&s, child, DN_cpu_user_secs, 40);
        settle(&s);
        dn_row_set(last, DN_cpu_user_secs, 45, 1);
        assert_int_equal(dn_ledger_end(&s.ledger, &(struct dn_end){.key = child, .last = last}), 0);
        begin(&s);
        settle(&s);
        assert_int_equal(whole(&s, DN_cpu_user_secs), 145);
        assert_int_equal(whole(&s, DN_process_count), 1);
        begin(&s);
        settle(&s);
        assert_int_equal(whole(&s, DN_cpu_user_secs), 145);
        scene_free(&s);
}

static void user_and_system_never_fall_though_their_split_moves(void **state) {
        struct scene s = {0};

        begin(&s);
        set(&s, parent, DN_cpu_user_secs, 60);
        set(&s, parent, DN_cpu_system_secs, 40);
        settle(&s);
        begin(&s);
        set(&s, parent, DN_cpu_user_secs, 30);
        set(&s, parent, DN_cpu_system_secs, 80);
        settle(&s);
        assert_true(whole(&s, DN_cpu_user_secs) >= 60);
        assert_true(whole(&s, DN_cpu_system_secs) >= 40);
        assert_int_equal(whole(&s, DN_cpu_user_secs) + whole(&s, DN_cpu_system_secs), 110);
        scene_free(&s);
}

static void a_gauge_is_of_the_living_alone(void **state) {
        struct scene s = {0};

        begin(&s);
        set(&s, parent, DN_mem_rss_kb, 100);
        set(&s, child, DN_mem_rss_kb, 40);
        settle(&s);
        assert_int_equal(whole(&s, DN_mem_rss_kb), 140);
        assert_int_equal(whole(&s, DN_process_count), 2);
        begin(&s);
        set(&s, child, DN_state, 'Z');
        settle(&s);
        assert_int_equal(whole(&s, DN_mem_rss_kb), 100);
        assert_int_equal(whole(&s, DN_process_count), 1);
        begin(&s);
        dn_snapshot_find(s.now, child)->gone = true;
        set(&s, parent, DN_state, 'Z');
        settle(&s);
        assert_int_equal(whole(&s, DN_mem_rss_kb), 0);
        assert_int_equal(whole(&s, DN_process_count), 0);
        scene_free(&s);
}

static void a_gauge_that_nobody_knows_any_more_is_not_known(void **state) {
        struct scene s = {0};

        begin(&s);
        set(&s, parent, DN_mem_pss_kb, 100);
        settle(&s);
        begin(&s);
        dn_row_unset(dn_snapshot_find(s.now, parent), DN_mem_pss_kb, s.now->number);
        settle(&s);
        assert_int_equal(whole(&s, DN_mem_pss_kb), -1);
        assert_int_equal(whole(&s, DN_syscall_read_bytes), -1);
        scene_free(&s);
}

static void a_peak_is_the_largest_single_one_ever(void **state) {
        struct scene s = {0};

        begin(&s);
        set(&s, parent, DN_mem_rss_peak_kb, 100);
        set(&s, child, DN_mem_rss_peak_kb, 400);
        settle(&s);
        assert_int_equal(whole(&s, DN_mem_rss_peak_kb), 400);
        begin(&s);
        dn_snapshot_find(s.now, child)->gone = true;
        settle(&s);
        assert_int_equal(whole(&s, DN_mem_rss_peak_kb), 400);
        scene_free(&s);
}

/* Context switches fold nowhere: what was seen of the dead stands. */
static void what_folds_nowhere_keeps_what_was_seen(void **state) {
        struct scene s = {0};

        begin(&s);
        set(&s, parent, DN_ctx_switches_voluntary, 10);
        set(&s, child, DN_ctx_switches_voluntary, 7);
        settle(&s);
        begin(&s);
        dn_snapshot_find(s.now, child)->gone = true;
        set(&s, parent, DN_ctx_switches_voluntary, 12);
        settle(&s);
        assert_int_equal(whole(&s, DN_ctx_switches_voluntary), 19);
        scene_free(&s);
}

/* ---- a kernel with a tree that forks and dies, whose truth is known ---- */

enum { PROCS = 400, US = -1 /* the subreaper that orphans come to */, OUR_PID = 100000 };
enum { USER, SYSTEM, FAULTS, IO, NUMBERS };
static const int field_of[NUMBERS] = {DN_cpu_user_secs, DN_cpu_system_secs, DN_page_faults_cached,
                                      DN_syscall_write_bytes};

struct proc {
        bool exists, zombie;
        bool careless; /* ignores SIGCHLD: its children end without anybody having their totals */
        int parent;
        int64_t own[NUMBERS], reaped[NUMBERS];
};

struct world {
        struct proc procs[PROCS];
        int n;
        bool may_be_careless, closed;
        uint64_t seed;
        int64_t truth[NUMBERS];
        int64_t reaped_by_us[NUMBERS];
        struct scene scene;
        struct dn_lost lost;
        bool member[PROCS];
        int64_t last_whole[NUMBERS];
};

static struct dn_key key_of(int i) {
        return (struct dn_key){i + 1, (uint64_t)i};
}

static int64_t total_of(const struct proc *p, int number) {
        return p->own[number] + p->reaped[number];
}

static int pick(struct world *w) {
        for (int tries = 0; tries < 50; tries++) {
                int i = (int)random_below(&w->seed, (uint32_t)w->n);

                if (w->procs[i].exists && !w->procs[i].zombie)
                        return i;
        }
        return -1;
}

static void work(struct world *w, int i) {
        for (int number = 0; number < NUMBERS; number++) {
                int64_t more = random_below(&w->seed, 10);

                w->procs[i].own[number] += more;
                w->truth[number] += more;
        }
}

static void spawn(struct world *w, int by) {
        if (w->n == PROCS || w->closed)
                return;
        w->procs[w->n++] = (struct proc){
                .exists = true, .parent = by, .careless = w->may_be_careless && random_below(&w->seed, 4) == 0};
}

static void end_process(struct world *w, int i) {
        w->procs[i].zombie = true;
        if (w->procs[i].parent != US && w->procs[w->procs[i].parent].careless)
                w->procs[i].exists = false;
        for (int c = 0; c < w->n; c++)
                if (w->procs[c].exists && w->procs[c].parent == i)
                        w->procs[c].parent = US;
}

static void wait_for_child(struct world *w, int i) {
        for (int c = 0; c < w->n; c++) {
                struct proc *dead = &w->procs[c];

                if (!dead->exists || !dead->zombie || dead->parent != i)
                        continue;
                for (int number = 0; number < NUMBERS; number++)
                        w->procs[i].reaped[number] += total_of(dead, number);
                dead->exists = false;
                return;
        }
}

static void events(struct world *w, uint32_t most) {
        for (uint32_t n = random_below(&w->seed, most + 1); n > 0; n--) {
                int i = pick(w);

                if (i < 0)
                        return;
                switch (random_below(&w->seed, 6)) {
                case 0:
                case 1: work(w, i); break;
                case 2: spawn(w, i); break;
                case 3:
                        if (i != 0)
                                end_process(w, i);
                        break;
                default: wait_for_child(w, i);
                }
        }
}

/* Between two passes: orphans that have ended are ours to wait for. */
static void reap_orphans(struct world *w, bool as_one_total) {
        dn_autofree struct dn_row *last = dn_row_new(), *ours = dn_row_new();

        for (int i = 0; i < w->n; i++) {
                struct proc *p = &w->procs[i];

                if (!p->exists || !p->zombie || p->parent != US)
                        continue;
                for (int number = 0; number < NUMBERS; number++) {
                        dn_row_set(last, field_of[number], total_of(p, number), 0);
                        w->reaped_by_us[number] += total_of(p, number);
                }
                p->exists = false;
                assert_int_equal(dn_ledger_end(&w->scene.ledger,
                                               &(struct dn_end){.key = key_of(i), .last = as_one_total ? NULL : last}),
                                 0);
        }
        for (int number = 0; number < NUMBERS; number++)
                dn_row_set(ours, field_of[number], w->reaped_by_us[number], 0);
        if (as_one_total)
                assert_int_equal(dn_ledger_set_reaped(&w->scene.ledger, ours), 0);
}

static void read_row(const struct world *w, struct dn_row *row) {
        const struct proc *p = &w->procs[row->key.pid - 1];
        uint32_t number = w->scene.now->number;

        if (!p->exists) {
                row->gone = true;
                return;
        }
        dn_row_set(row, DN_state, p->zombie ? 'Z' : 'S', number);
        dn_row_set(row, DN_parent_pid, p->parent == US ? OUR_PID : key_of(p->parent).pid, number);
        dn_row_set(row, DN_ignores_sigchld, p->careless, number);
        for (int i = 0; i < IO; i++) {
                dn_row_set(row, field_of[i], p->own[i], number);
                dn_row_set(row, dn_field_reaped(field_of[i]), p->reaped[i], number);
        }
        dn_row_set(row, field_of[IO], total_of(p, IO), number);
}

/* A pass over the tree, with anything happening between two reads. */
static void pass(struct world *w, uint32_t busy) {
        struct scene *s = &w->scene;

        begin(s);
        for (int i = 0; i < w->n; i++)
                if (w->procs[i].exists && !w->member[i]) {
                        admit(s->now, &s->members, key_of(i), key_of(w->procs[i].parent));
                        w->member[i] = true;
                }
        for (uint32_t i = 0; i < s->now->part[DN_PROCESS].n; i++) {
                events(w, busy);
                read_row(w, dn_table_row(&s->now->part[DN_PROCESS], i));
        }
        events(w, busy);
        if (s->last)
                assert_int_equal(dn_lost_look(&w->lost, s->now, s->last, &s->members, OUR_PID, &s->ledger), 0);
        settle(s);
        for (int number = 0; number < NUMBERS; number++) {
                int64_t value = whole(s, field_of[number]);

                assert_true(value >= w->last_whole[number]);
                assert_true(value <= w->truth[number]);
                w->last_whole[number] = value;
        }
}

static void end_everybody(struct world *w) {
        w->closed = true;
        for (int i = 0; i < w->n; i++)
                if (w->procs[i].exists && !w->procs[i].zombie)
                        end_process(w, i);
}

static void run_world(uint64_t seed, bool careless, bool as_one_total) {
        struct world *w = calloc(1, sizeof(*w));

        w->seed = seed;
        w->may_be_careless = careless;
        w->procs[w->n++] = (struct proc){.exists = true, .parent = US};
        for (int i = 0; i < 60; i++) {
                reap_orphans(w, as_one_total);
                pass(w, 1 + (uint32_t)(seed % 4));
                events(w, 10);
        }
        end_everybody(w);
        for (int i = 0; i < 3; i++) {
                reap_orphans(w, as_one_total);
                pass(w, 0);
        }
        for (int number = 0; number < NUMBERS && !w->scene.ledger.lower_bound; number++)
                assert_int_equal(w->last_whole[number], w->truth[number]);
        if (!careless)
                assert_null(w->scene.ledger.lower_bound);
        dn_lost_free(&w->lost);
        scene_free(&w->scene);
        free(w);
}

static void the_whole_never_falls_is_never_too_high_and_ends_on_the_truth(void **state) {
        for (uint64_t seed = 1; seed <= 300; seed++)
                run_world(seed, false, false);
}

static void the_same_holds_with_one_total_of_all_that_we_reaped(void **state) {
        for (uint64_t seed = 1001; seed <= 1300; seed++)
                run_world(seed, false, true);
}

static void parents_that_do_not_wait_make_it_a_lower_bound_that_never_falls(void **state) {
        for (uint64_t seed = 2001; seed <= 2300; seed++)
                run_world(seed, true, false);
}

RUN_TESTS(cmocka_unit_test(a_childs_total_moves_to_its_parent_unseen),
          cmocka_unit_test(an_orphan_that_we_reap_counts_once),
          cmocka_unit_test(user_and_system_never_fall_though_their_split_moves),
          cmocka_unit_test(a_gauge_is_of_the_living_alone),
          cmocka_unit_test(a_gauge_that_nobody_knows_any_more_is_not_known),
          cmocka_unit_test(a_peak_is_the_largest_single_one_ever),
          cmocka_unit_test(what_folds_nowhere_keeps_what_was_seen),
          cmocka_unit_test(the_whole_never_falls_is_never_too_high_and_ends_on_the_truth),
          cmocka_unit_test(the_same_holds_with_one_total_of_all_that_we_reaped),
          cmocka_unit_test(parents_that_do_not_wait_make_it_a_lower_bound_that_never_falls))
