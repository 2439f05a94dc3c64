/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/schedule.h"

static const int64_t fast_ns = 1000000000, slow_ns = 10000000000;

int64_t dn_schedule_interval(const struct dn_schedule *s, int64_t elapsed_ns) {
        if (elapsed_ns < fast_ns)
                return s->base_ns;
        if (elapsed_ns >= slow_ns)
                return s->max_ns;
        return s->base_ns +
               (int64_t)((__int128)(s->max_ns - s->base_ns) * (elapsed_ns - fast_ns) / (slow_ns - fast_ns));
}

void dn_schedule_next(struct dn_schedule *s, int64_t now_ns) {
        int64_t interval = dn_schedule_interval(s, s->due_ns - s->start_ns);

        s->due_ns += interval;
        if (s->due_ns <= now_ns)
                s->due_ns += (now_ns - s->due_ns) / interval * interval + interval;
}
