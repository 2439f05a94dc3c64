/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "model/ledger.h"

static int64_t total(const struct dn_ledger *l, int id) {
        int64_t value;

        return dn_ledger_get(l, id, &value) ? value : -1;
}

static void end(struct dn_ledger *l, int how, int64_t user_us) {
        dn_autofree struct dn_row *last = dn_row_new();

        dn_row_set(last, DN_cpu_user_secs, user_us, 1);
        dn_row_set(last, DN_mem_rss_kb, 500, 1);
        assert_int_equal(
                dn_ledger_end(l, &(struct dn_end){.key = {user_us, 1}, .how = how, .last = last, .why = "why"}), 0);
}

static void an_empty_ledger_knows_nothing(void **state) {
        struct dn_ledger l = {0};

        assert_int_equal(total(&l, DN_cpu_user_secs), -1);
        dn_ledger_settled(&l);
        dn_ledger_free(&l);
}

static void ends_add_up_in_what_is_cumulative_alone(void **state) {
        struct dn_ledger l = {0};

        end(&l, DN_END_REAPED, 10);
        end(&l, DN_END_REAPED, 5);
        assert_int_equal(total(&l, DN_cpu_user_secs), 15);
        assert_int_equal(total(&l, DN_mem_rss_kb), -1);
        assert_int_equal(total(&l, DN_syscall_read_bytes), -1);
        assert_int_equal(l.n_reaped, 2);
        assert_null(l.lower_bound);
        dn_ledger_free(&l);
}

static void one_that_was_lost_makes_the_totals_a_lower_bound(void **state) {
        struct dn_ledger l = {0};

        end(&l, DN_END_LOST, 7);
        assert_int_equal(total(&l, DN_cpu_user_secs), 7);
        assert_int_equal(l.n_lost, 1);
        assert_string_equal(l.lower_bound, "why");
        dn_ledger_free(&l);
}

static void the_hosts_own_total_stands_beside_what_was_lost(void **state) {
        dn_autofree struct dn_row *known = dn_row_new();
        struct dn_ledger l = {0};

        dn_row_set(known, DN_cpu_user_secs, 100, 1);
        assert_int_equal(dn_ledger_set_reaped(&l, known), 0);
        assert_int_equal(dn_ledger_end(&l, &(struct dn_end){.key = {40, 1}}), 0);
        assert_int_equal(total(&l, DN_cpu_user_secs), 100);
        end(&l, DN_END_LOST, 3);
        assert_int_equal(total(&l, DN_cpu_user_secs), 103);
        dn_row_set(known, DN_cpu_user_secs, 150, 1);
        assert_int_equal(dn_ledger_set_reaped(&l, known), 0);
        assert_int_equal(total(&l, DN_cpu_user_secs), 153);
        dn_ledger_free(&l);
}

static void what_a_later_total_does_not_know_stays_as_it_was(void **state) {
        dn_autofree struct dn_row *known = dn_row_new();
        struct dn_ledger l = {0};

        dn_row_set(known, DN_cpu_user_secs, 100, 1);
        dn_row_set(known, DN_syscall_write_bytes, 7, 1);
        assert_int_equal(dn_ledger_set_reaped(&l, known), 0);
        dn_row_unset(known, DN_syscall_write_bytes, 1);
        dn_row_set(known, DN_cpu_user_secs, 120, 1);
        assert_int_equal(dn_ledger_set_reaped(&l, known), 0);
        assert_int_equal(total(&l, DN_cpu_user_secs), 120);
        assert_int_equal(total(&l, DN_syscall_write_bytes), 7);
        dn_ledger_free(&l);
}

static void who_left_is_known_until_a_pass_has_seen_it(void **state) {
        struct dn_ledger l = {0};

        for (int64_t i = 1; i <= 100; i++)
                end(&l, DN_END_REAPED, i);
        assert_int_equal(l.n_left, 100);
        assert_int_equal(l.left[99].pid, 100);
        dn_ledger_settled(&l);
        assert_int_equal(l.n_left, 0);
        assert_int_equal(total(&l, DN_cpu_user_secs), 5050);
        dn_ledger_free(&l);
}

RUN_TESTS(cmocka_unit_test(an_empty_ledger_knows_nothing), cmocka_unit_test(ends_add_up_in_what_is_cumulative_alone),
          cmocka_unit_test(one_that_was_lost_makes_the_totals_a_lower_bound),
          cmocka_unit_test(the_hosts_own_total_stands_beside_what_was_lost),
          cmocka_unit_test(what_a_later_total_does_not_know_stays_as_it_was),
          cmocka_unit_test(who_left_is_known_until_a_pass_has_seen_it))
