/* SPDX-License-Identifier: GPL-3.0-or-later
 * From what the kernel says to what a user sees: counters from the start of monitoring on, rates, ages. */
#pragma once
#include "model/baseline.h"

struct dn_sample {
        uint32_t number;                /* of the snapshot that it was made from */
        int64_t unix_ms;                /* start of monitoring by the wall clock + elapsed: never falls */
        int64_t elapsed_us;             /* since monitoring began, by the monotonic clock */
        bool main_lives;                /* then the first process row is the main one's */
        struct dn_table part[DN_PARTS]; /* the living; the whole */
};

/* Makes *s from the first snapshot's baseline, the last and this one (`last` may be the first; all settled). Who has
 * ended is not listed and still counts in the whole. 0 or -ENOMEM. */
int dn_derive(const struct dn_baseline *first, int64_t first_unix_ms, const struct dn_snapshot *last,
              const struct dn_snapshot *now, struct dn_key main, struct dn_sample *s);

/* The blocks alone: with `first` as `last`, each DELTA since the start, as an exit record has it. 0 or -ENOMEM. */
int dn_derive_blocks(const struct dn_snapshot *first, const struct dn_snapshot *last, const struct dn_snapshot *now,
                     struct dn_sample *s);
void dn_sample_free(struct dn_sample *s);

/* The one row of the whole; NULL in a sample that has none. */
static inline const struct dn_row *dn_sample_whole(const struct dn_sample *s) {
        return s->part[DN_WHOLE].n ? dn_table_row(&s->part[DN_WHOLE], 0) : NULL;
}
