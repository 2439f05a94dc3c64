/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "model/ledger.h"

static const struct dn_key root = {1, 1}, child = {2, 1}, nobody = {0, 0};

static void it_begins_as_a_copy_of_the_last(void **state) {
        struct dn_members members = {0};
        struct dn_snapshot last = {0}, now = {0};
        struct dn_row *row;

        assert_int_equal(dn_snapshot_begin(&last, NULL, 10, 20), 0);
        assert_int_equal(last.number, 1);
        row = admit(&last, &members, root, nobody);
        dn_row_set(row, DN_mem_pss_kb, 77, 1);
        assert_int_equal(dn_snapshot_begin(&now, &last, 30, 40), 0);
        assert_int_equal(now.number, 2);
        assert_int_equal(now.mono_ns, 30);
        assert_int_equal(now.boot_ns, 40);
        row = dn_snapshot_find(&now, root);
        assert_non_null(row);
        assert_int_equal(dn_row_or_zero(row, DN_mem_pss_kb), 77);
        assert_int_equal(row->changed, 1);
        dn_snapshot_free(&last);
        dn_snapshot_free(&now);
        dn_members_free(&members);
}

static void it_leaves_out_who_is_gone_and_keeps_the_order(void **state) {
        struct dn_members members = {0};
        struct dn_snapshot last = {0}, now = {0};

        assert_int_equal(dn_snapshot_begin(&last, NULL, 0, 0), 0);
        for (int64_t pid = 1; pid <= 6; pid++)
                admit(&last, &members, (struct dn_key){pid, 1}, root)->gone = pid % 3 == 1;
        assert_null(dn_snapshot_find(&last, root));
        assert_int_equal(dn_snapshot_begin(&now, &last, 1, 1), 0);
        admit(&now, &members, (struct dn_key){7, 1}, root);
        assert_int_equal(now.part[DN_PROCESS].n, 5);
        for (uint32_t i = 0; i < 5; i++) {
                static const int64_t pids[] = {2, 3, 5, 6, 7};

                assert_int_equal(dn_table_row(&now.part[DN_PROCESS], i)->key.pid, pids[i]);
        }
        dn_snapshot_free(&last);
        dn_snapshot_free(&now);
        dn_members_free(&members);
}

/* Two take turns, and what one holds yet of the time before is used where it still holds. Some passes are given up. */
static void no_value_of_an_earlier_snapshot_comes_back(void **state) {
        enum { MEMBERS = 20, PASSES = 2000, PIDS = PASSES * MEMBERS };
        struct dn_members members = {0};
        struct dn_snapshot two[2] = {0};
        static int64_t truth[PIDS];
        int64_t next = 0;
        int last = 0;

        srand(1);
        assert_int_equal(dn_snapshot_begin(&two[last], NULL, 0, 0), 0);
        for (int pass = 0; pass < PASSES; pass++) {
                struct dn_snapshot *now = &two[!last];
                bool given_up = rand() % 5 == 0;

                assert_int_equal(dn_snapshot_begin(now, &two[last], pass, pass), 0);
                for (uint32_t i = 0; i < now->part[DN_PROCESS].n; i++) {
                        struct dn_row *row = dn_table_row(&now->part[DN_PROCESS], i);
                        int64_t *value = &truth[row->key.pid];

                        assert_int_equal(dn_row_or_zero(row, DN_mem_rss_kb), *value);
                        if (rand() % 4 == 0)
                                dn_row_set(row, DN_mem_rss_kb, given_up ? -1 : ++*value, now->number);
                        if (!given_up && rand() % 30 == 0)
                                row->gone = true;
                }
                while (!given_up && now->part[DN_PROCESS].n < MEMBERS)
                        admit(now, &members, (struct dn_key){next++, 1}, root);
                last = given_up ? last : !last;
        }
        dn_snapshot_free(&two[0]);
        dn_snapshot_free(&two[1]);
        dn_members_free(&members);
}

static void who_left_by_the_ledger_is_gone(void **state) {
        struct dn_members members = {0};
        struct dn_snapshot last = {0};
        struct dn_ledger ledger = {0};

        assert_int_equal(dn_snapshot_begin(&last, NULL, 0, 0), 0);
        admit(&last, &members, root, nobody);
        admit(&last, &members, child, root);
        assert_int_equal(dn_ledger_end(&ledger, &(struct dn_end){.key = child}), 0);
        assert_int_equal(dn_ledger_end(&ledger, &(struct dn_end){.key = {9, 9}}), 0);
        dn_snapshot_leave(&last, &ledger);
        assert_non_null(dn_snapshot_find(&last, root));
        assert_null(dn_snapshot_find(&last, child));
        dn_snapshot_free(&last);
        dn_ledger_free(&ledger);
        dn_members_free(&members);
}

static void a_value_that_is_the_same_is_no_change(void **state) {
        dn_autofree struct dn_row *row = dn_row_new();
        int64_t value;

        assert_false(dn_row_get(row, DN_fd_count, &value));
        dn_row_set(row, DN_fd_count, 0, 3);
        assert_int_equal(row->changed, 3);
        dn_row_set(row, DN_fd_count, 0, 4);
        assert_int_equal(row->changed, 3);
        dn_row_set(row, DN_fd_count, 1, 5);
        assert_int_equal(row->changed, 5);
        dn_row_unset(row, DN_fd_count, 6);
        assert_int_equal(row->changed, 6);
        dn_row_unset(row, DN_fd_count, 7);
        assert_int_equal(row->changed, 6);
        assert_false(dn_row_get(row, DN_fd_count, &value));
}

static void a_table_copies_into_one_that_is_used(void **state) {
        struct dn_table from = {0}, to = {0};

        for (int i = 0; i < 100; i++)
                dn_table_add(&from)->slot = (uint32_t)i;
        for (int i = 0; i < 3; i++)
                dn_table_add(&to)->slot = 1000;
        assert_int_equal(dn_table_copy(&to, &from), 0);
        assert_int_equal(to.n, 100);
        assert_int_equal(dn_table_row(&to, 99)->slot, 99);
        from.n = 0;
        assert_int_equal(dn_table_copy(&to, &from), 0);
        assert_int_equal(to.n, 0);
        dn_table_free(&from);
        dn_table_free(&to);
}

static void who_has_ended_is_told_by_its_state(void **state) {
        dn_autofree struct dn_row *row = dn_row_new();

        assert_false(dn_row_ended(row));
        dn_row_set(row, DN_state, 'S', 1);
        assert_false(dn_row_ended(row));
        dn_row_set(row, DN_state, 'Z', 1);
        assert_true(dn_row_ended(row));
        dn_row_set(row, DN_state, 'R', 1);
        row->gone = true;
        assert_true(dn_row_ended(row));
}

static const struct dn_row *look_through(const struct dn_snapshot *s, struct dn_key key) {
        for (uint32_t i = 0; i < s->part[DN_PROCESS].n; i++)
                if (dn_key_equal(dn_table_row(&s->part[DN_PROCESS], i)->key, key))
                        return dn_table_row(&s->part[DN_PROCESS], i);
        return NULL;
}

/* Of those that leave and come between the two, and of a walk that passes some by. */
static void a_walk_finds_the_rows_of_another_snapshot(void **state) {
        srand(2);
        for (int round = 0; round < 500; round++) {
                struct dn_members members = {0};
                struct dn_snapshot last = {0}, now = {0};
                struct dn_trail trail = {0};
                int64_t pid = 1;

                assert_int_equal(dn_snapshot_begin(&last, NULL, 0, 0), 0);
                for (int n = rand() % 40; n > 0; n--)
                        admit(&last, &members, (struct dn_key){pid++, 1}, root)->gone = rand() % 8 < round % 8;
                assert_int_equal(dn_snapshot_begin(&now, &last, 1, 1), 0);
                for (int n = rand() % 10; n > 0; n--)
                        admit(&now, &members, (struct dn_key){pid++, 1}, root);
                for (uint32_t i = 0; i < now.part[DN_PROCESS].n; i++) {
                        const struct dn_row *row = dn_table_row(&now.part[DN_PROCESS], i);

                        if (rand() % 3 > 0)
                                assert_ptr_equal(dn_snapshot_follow(&last, &trail, row, i),
                                                 look_through(&last, row->key));
                }
                dn_snapshot_free(&last);
                dn_snapshot_free(&now);
                dn_members_free(&members);
        }
}

RUN_TESTS(cmocka_unit_test(it_begins_as_a_copy_of_the_last),
          cmocka_unit_test(it_leaves_out_who_is_gone_and_keeps_the_order),
          cmocka_unit_test(no_value_of_an_earlier_snapshot_comes_back),
          cmocka_unit_test(who_left_by_the_ledger_is_gone), cmocka_unit_test(a_walk_finds_the_rows_of_another_snapshot),
          cmocka_unit_test(a_value_that_is_the_same_is_no_change),
          cmocka_unit_test(a_table_copies_into_one_that_is_used), cmocka_unit_test(who_has_ended_is_told_by_its_state))
