/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a reading of a GPU is to hold. */
#pragma once
#include "common.h"
#include "sources/gpu/gpu.h"

static inline void assert_value(const struct dn_gpu_device *d, int value, int64_t expected) {
        int64_t number = 0;

        assert_true(dn_gpu_get(d, value, &number));
        assert_int_equal(number, expected);
}

static inline void assert_unknown(const struct dn_gpu_device *d, int value) {
        int64_t number = 0;

        assert_false(dn_gpu_get(d, value, &number));
}
