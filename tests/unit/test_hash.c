/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hash.h"
#include "common.h"

static void an_empty_table_has_nothing(void **state) {
        struct dn_hash hash = {0};
        uint32_t value;

        assert_false(dn_hash_get(&hash, 1, &value));
        dn_hash_remove(&hash, 1);
        dn_hash_free(&hash);
}

static void the_last_value_of_a_key_stands(void **state) {
        struct dn_hash hash = {0};
        uint32_t value;

        assert_int_equal(dn_hash_set(&hash, 7, 1), 0);
        assert_int_equal(dn_hash_set(&hash, 7, 2), 0);
        assert_int_equal(hash.n, 1);
        assert_true(dn_hash_get(&hash, 7, &value));
        assert_int_equal(value, 2);
        dn_hash_free(&hash);
}

/* Against an array, with few keys, so that chains are long and are cut in their middle. */
static void it_holds_what_an_array_would(void **state) {
        enum { KEYS = 300 };
        uint32_t truth[KEYS] = {0}; /* 0: not there */
        struct dn_hash hash = {0};
        uint64_t seed = 3;
        size_t n = 0;

        for (int step = 0; step < 100000; step++) {
                uint32_t key = random_below(&seed, KEYS), value = 1 + random_below(&seed, 1000), found;

                n -= truth[key] != 0;
                if (random_below(&seed, 2)) {
                        assert_int_equal(dn_hash_set(&hash, (uint64_t)key << 32 | key, value), 0);
                        truth[key] = value;
                        n++;
                } else {
                        dn_hash_remove(&hash, (uint64_t)key << 32 | key);
                        truth[key] = 0;
                }
                assert_int_equal(hash.n, n);
                key = random_below(&seed, KEYS);
                assert_int_equal(dn_hash_get(&hash, (uint64_t)key << 32 | key, &found), truth[key] != 0);
                if (truth[key])
                        assert_int_equal(found, truth[key]);
        }
        dn_hash_free(&hash);
}

RUN_TESTS(cmocka_unit_test(an_empty_table_has_nothing), cmocka_unit_test(the_last_value_of_a_key_stands),
          cmocka_unit_test(it_holds_what_an_array_would))
