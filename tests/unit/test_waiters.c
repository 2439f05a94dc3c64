/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/waiters.h"

#include "common.h"

static struct dn_bpf_waiter waiter(uint32_t tid, uint64_t total_ns) {
        return (struct dn_bpf_waiter){.tid = tid, .waits = {.total_ns = total_ns, .count = 1}};
}

static void the_longest_are_kept_and_the_others_are_counted(void **state) {
        static struct dn_bpf_waiter list[DN_WAITERS_ENDED];
        enum { MORE = 100 };
        struct dn_waiters w;

        assert_int_equal(dn_waiters_init(&w), 0);
        for (uint32_t i = 0; i < DN_WAITERS_ENDED + MORE; i++) {
                struct dn_bpf_waiter one = waiter(i, 1 + (i * 7919u) % 100003);

                dn_waiters_end(&w, &one);
        }
        assert_int_equal(dn_waiters_copy(&w, list, 0), DN_WAITERS_ENDED);
        assert_int_equal(w.dropped, MORE);
        dn_waiters_sort(list, DN_WAITERS_ENDED);
        for (uint32_t i = 1; i < DN_WAITERS_ENDED; i++)
                assert_true(list[i - 1].waits.total_ns >= list[i].waits.total_ns);
        for (uint32_t i = 0; i < DN_WAITERS_ENDED + MORE; i++) {
                uint64_t total_ns = 1 + (i * 7919u) % 100003;
                bool kept = false;

                for (uint32_t j = 0; j < DN_WAITERS_ENDED && !kept; j++)
                        kept = list[j].tid == i;
                assert_true(kept || total_ns <= list[DN_WAITERS_ENDED - 1].waits.total_ns);
        }
        dn_waiters_free(&w);
}

static void those_that_live_stand_before_them(void **state) {
        static struct dn_bpf_waiter list[2 + DN_WAITERS_ENDED];
        struct dn_bpf_waiter one = waiter(3, 30);
        struct dn_waiters w;

        assert_int_equal(dn_waiters_init(&w), 0);
        list[0] = waiter(1, 10);
        list[1] = waiter(2, 20);
        dn_waiters_end(&w, &one);
        assert_int_equal(dn_waiters_copy(&w, list, 2), 3);
        dn_waiters_sort(list, 3);
        assert_int_equal(list[0].tid, 3);
        assert_int_equal(list[2].tid, 1);
        dn_waiters_free(&w);
}

RUN_TESTS(cmocka_unit_test(the_longest_are_kept_and_the_others_are_counted),
          cmocka_unit_test(those_that_live_stand_before_them))
