/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "model/members.h"

static struct dn_member *add(struct dn_members *m, int64_t pid, uint64_t start) {
        struct dn_member *member;

        assert_int_equal(dn_members_add(m, (struct dn_key){pid, start}, &member), 0);
        return member;
}

static void a_member_is_found_by_its_pid(void **state) {
        struct dn_members m = {0};
        const struct dn_member *one = add(&m, 100, 1), *two = add(&m, 200, 1);

        assert_ptr_equal(dn_members_find(&m, 100), one);
        assert_ptr_equal(dn_members_find(&m, 200), two);
        assert_null(dn_members_find(&m, 300));
        dn_members_free(&m);
}

static void a_slot_is_used_again_when_its_process_has_left(void **state) {
        struct dn_members m = {0};
        uint32_t slot = add(&m, 100, 1)->slot;

        add(&m, 200, 1);
        dn_members_remove(&m, slot);
        assert_null(dn_members_find(&m, 100));
        assert_int_equal(add(&m, 300, 1)->slot, slot);
        assert_int_equal(m.n, 2);
        dn_members_free(&m);
}

static void a_pid_used_again_is_somebody_else(void **state) {
        struct dn_members m = {0};
        const struct dn_member *old = add(&m, 100, 1), *fresh = add(&m, 100, 2);

        assert_ptr_equal(dn_members_find(&m, 100), fresh);
        dn_members_remove(&m, old->slot);
        assert_ptr_equal(dn_members_find(&m, 100), fresh);
        dn_members_free(&m);
}

static void to_remove_twice_is_to_remove_once(void **state) {
        struct dn_members m = {0};
        uint32_t slot = add(&m, 100, 1)->slot;

        dn_members_remove(&m, slot);
        dn_members_remove(&m, slot);
        assert_int_not_equal(add(&m, 200, 1)->slot, add(&m, 300, 1)->slot);
        dn_members_free(&m);
}

static void members_stay_where_they_are(void **state) {
        struct dn_members m = {0};
        const struct dn_member *first = add(&m, 1, 1);

        for (int64_t pid = 2; pid < 1000; pid++)
                add(&m, pid, 1);
        assert_ptr_equal(dn_members_find(&m, 1), first);
        for (uint32_t slot = 0; slot < m.n; slot++)
                assert_int_equal(m.by_slot[slot]->slot, slot);
        dn_members_free(&m);
}

static void a_name_is_utf8_and_ends_in_nul(void **state) {
        struct dn_members m = {0};
        struct dn_member *member = add(&m, 1, 1);
        struct dn_str name = dn_member_rename(member, DN_STR("a\xff"
                                                             "b"));

        assert_str_is(name, "a\xef\xbf\xbd"
                            "b");
        assert_int_equal(name.p[name.n], '\0');
        assert_true(dn_member_is_named(member, DN_STR("a\xff"
                                                      "b")));
        assert_false(dn_member_is_named(member, DN_STR("a")));
        dn_members_free(&m);
}

static void a_name_that_is_too_long_is_cut(void **state) {
        struct dn_members m = {0};
        char bad[2 * DN_NAME_MAX];
        struct dn_str name;

        memset(bad, 0xff, sizeof(bad));
        name = dn_member_rename(add(&m, 1, 1), (struct dn_str){bad, sizeof(bad)});
        assert_int_equal(name.n, 3 * DN_NAME_MAX);
        assert_int_equal(name.p[name.n], '\0');
        dn_members_free(&m);
}

static void a_name_may_be_long_and_short_again(void **state) {
        struct dn_str worker = DN_STR("kworker/u8:2-events_unbound"), usual = DN_STR("kworker/u8:2-ev");
        struct dn_members m = {0};
        struct dn_member *member = add(&m, 1, 1);

        assert_int_equal(usual.n, DN_NAME_USUAL);
        assert_true(dn_str_equal(dn_member_rename(member, usual), usual));
        assert_false(dn_member_is_named(member, worker));
        for (int i = 0; i < 2; i++) {
                assert_true(dn_str_equal(dn_member_rename(member, worker), worker));
                assert_true(dn_member_is_named(member, worker));
                assert_false(dn_member_is_named(member, usual));
                assert_true(dn_str_equal(dn_member_name(member), worker));
                assert_int_equal(dn_member_name(member).p[worker.n], '\0');
                assert_true(dn_str_equal(dn_member_rename(member, usual), usual));
                assert_true(dn_member_is_named(member, usual));
                assert_true(dn_str_equal(dn_member_name(member), usual));
        }
        dn_members_free(&m);
}

RUN_TESTS(cmocka_unit_test(a_member_is_found_by_its_pid),
          cmocka_unit_test(a_slot_is_used_again_when_its_process_has_left),
          cmocka_unit_test(a_pid_used_again_is_somebody_else), cmocka_unit_test(to_remove_twice_is_to_remove_once),
          cmocka_unit_test(members_stay_where_they_are), cmocka_unit_test(a_name_is_utf8_and_ends_in_nul),
          cmocka_unit_test(a_name_that_is_too_long_is_cut), cmocka_unit_test(a_name_may_be_long_and_short_again))
