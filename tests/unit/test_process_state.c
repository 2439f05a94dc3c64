/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/process_state.h"

#include "common.h"

/* linux/sched.h */
enum { NEW = 0x800, WAKE_KILL = 0x100, NO_LOAD = 0x400, FREEZABLE = 0x2000, FROZEN = 0x8000, LOCK_WAIT = 0x1000 };

static void letters_are_those_of_proc(void **state) {
        (void)state;
        assert_int_equal(dn_process_state(0, 0), 'R');
        assert_int_equal(dn_process_state(1, 0), 'S');
        assert_int_equal(dn_process_state(2, 0), 'D');
        assert_int_equal(dn_process_state(4 | WAKE_KILL, 0), 'T');
        assert_int_equal(dn_process_state(8, 0), 't');
        assert_int_equal(dn_process_state(0x80, 0x10), 'X');
        assert_int_equal(dn_process_state(0x80, 0x20), 'Z');
        assert_int_equal(dn_process_state(0x40, 0), 'P');
        assert_int_equal(dn_process_state(2 | NO_LOAD, 0), 'I');
}

static void what_a_state_is_marked_with_besides_does_not_matter(void **state) {
        (void)state;
        assert_int_equal(dn_process_state(1 | FREEZABLE, 0), 'S');
        assert_int_equal(dn_process_state(2 | WAKE_KILL, 0), 'D');
        assert_int_equal(dn_process_state(NEW, 0), 'R');
        assert_int_equal(dn_process_state(FROZEN, 0), 'D');
        assert_int_equal(dn_process_state(LOCK_WAIT, 0), 'D');
}

static void of_any_number_it_is_a_letter(void **state) {
        (void)state;
        for (uint32_t bits = 0; bits < 1U << 17; bits++)
                assert_non_null(strchr("RSDTtXZPI", dn_process_state(bits, 0)));
        assert_int_equal(dn_process_state(UINT32_MAX, UINT32_MAX), 'I');
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(letters_are_those_of_proc),
                cmocka_unit_test(what_a_state_is_marked_with_besides_does_not_matter),
                cmocka_unit_test(of_any_number_it_is_a_letter),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
