/* SPDX-License-Identifier: GPL-3.0-or-later
 * When the next sample is due: the base interval for the first second, then in a straight line to the longest at ten
 * seconds, then that. Deadlines are absolute: a late sample does not make the next one late. */
#pragma once
#include <stdint.h>

struct dn_schedule {
        int64_t base_ns, max_ns;
        int64_t start_ns, due_ns; /* monotonic */
};

/* The interval that holds at this age of the run. */
int64_t dn_schedule_interval(const struct dn_schedule *s, int64_t elapsed_ns);

/* Moves due_ns to the first deadline after now_ns; those that were missed are left out. */
void dn_schedule_next(struct dn_schedule *s, int64_t now_ns);
