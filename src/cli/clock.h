/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include <time.h>

/* Of a clock that nobody sets: for deadlines, and for how long something took. */
static inline long long dn_clock_ms(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
