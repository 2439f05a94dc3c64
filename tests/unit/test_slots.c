/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/slots.h"
#include "common.h"

struct thing {
        uint64_t a;
        uint8_t b[5];
};

static void an_array_grows_to_any_slot_and_what_is_new_is_zero(void **state) {
        static const uint32_t slots[] = {0, 1, 15, 16, 17, 23, 24, 100, 4, 101, 5000};
        struct thing *things = NULL;
        uint32_t room = 0;

        for (size_t i = 0; i < DN_COUNT(slots); i++) {
                uint32_t before = room;

                things = dn_slots_reserve(things, &room, slots[i], sizeof(*things));
                assert_non_null(things);
                assert_true(room > slots[i] && room >= before);
                for (uint32_t j = before; j < room; j++) {
                        static const struct thing nothing;

                        assert_memory_equal(&things[j], &nothing, sizeof(nothing));
                        memset(&things[j], (int)(j % 251), sizeof(things[j]));
                }
                for (uint32_t j = 0; j < room; j++)
                        assert_int_equal(things[j].b[4], j % 251);
        }
        free(things);
}

static void with_room_enough_it_stays_where_it_is(void **state) {
        uint32_t room = 0;
        uint16_t *numbers = dn_slots_reserve(NULL, &room, 40, sizeof(*numbers));

        for (uint32_t slot = 0; slot < room; slot++) {
                uint32_t before = room;

                assert_ptr_equal(dn_slots_reserve(numbers, &room, slot, sizeof(*numbers)), numbers);
                assert_int_equal(room, before);
        }
        free(numbers);
}

/* One step at a time it moves seldom, and is never much larger than it must be. */
static void it_grows_by_a_quarter(void **state) {
        uint32_t room = 0, moves = 0;
        char *bytes = NULL;

        for (uint32_t slot = 0; slot < 100000; slot++) {
                uint32_t before = room;

                bytes = dn_slots_reserve(bytes, &room, slot, 1);
                moves += room != before;
                assert_true(room <= 16 || room <= slot + slot / 4 + 1);
        }
        assert_true(moves < 50);
        free(bytes);
}

static void without_memory_it_stands_as_it_was(void **state) {
        uint32_t room = 0;
        uint64_t *numbers = dn_slots_reserve(NULL, &room, 3, sizeof(*numbers));

        numbers[3] = 7;
        assert_null(dn_slots_reserve(numbers, &room, UINT32_MAX, sizeof(*numbers)));
        assert_int_equal(room, 16);
        assert_int_equal(numbers[3], 7);
        assert_ptr_equal(dn_slots_reserve(numbers, &room, 15, sizeof(*numbers)), numbers);
        free(numbers);
}

RUN_TESTS(cmocka_unit_test(an_array_grows_to_any_slot_and_what_is_new_is_zero),
          cmocka_unit_test(with_room_enough_it_stays_where_it_is), cmocka_unit_test(it_grows_by_a_quarter),
          cmocka_unit_test(without_memory_it_stands_as_it_was))
