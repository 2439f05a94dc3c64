/* SPDX-License-Identifier: GPL-3.0-or-later
 * The clocks. Inside all times are monotonic nanoseconds; Unix milliseconds are for the output alone. */
#pragma once
#include <stdint.h>

int64_t dn_clock_mono_ns(void); /* CLOCK_MONOTONIC: stands still while the machine sleeps */
int64_t dn_clock_boot_ns(void); /* CLOCK_BOOTTIME: the one that process start times are in */
int64_t dn_clock_unix_ms(void); /* CLOCK_REALTIME: may be set back at any time */
