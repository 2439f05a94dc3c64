/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/clock.h"

#include <time.h>

#ifndef CLOCK_BOOTTIME
#define CLOCK_BOOTTIME CLOCK_MONOTONIC
#endif

static int64_t ns_of(clockid_t clock) {
        struct timespec t = {0};

        clock_gettime(clock, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t dn_clock_mono_ns(void) {
        return ns_of(CLOCK_MONOTONIC);
}

int64_t dn_clock_boot_ns(void) {
        return ns_of(CLOCK_BOOTTIME);
}

int64_t dn_clock_unix_ms(void) {
        return ns_of(CLOCK_REALTIME) / 1000000;
}
