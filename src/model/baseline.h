/* SPDX-License-Identifier: GPL-3.0-or-later
 * What counters are counted from: what everything had used when monitoring began. */
#pragma once
#include "model/snapshot.h"

/* The place of each field that grows, in the order of dn_counter_bits; one that does not grow takes none. */
#define FIELD(part, name, unit, nature, ...) \
        DN_USED_##name, DN_PAST_##name = DN_USED_##name - (DN_##nature != DN_COUNTER),
enum dn_used_field {
#include "model/fields.def"
        DN_COUNTERS
};

/* Of one process; 0 where it was not known, or is counted from 0. */
struct dn_used {
        int64_t v[DN_COUNTERS];
};

/* Of processes, of which there may be thousands, the counters alone are kept. */
struct dn_baseline {
        struct dn_snapshot at; /* the first one, without its processes */
        struct dn_used *by_slot;
        uint32_t n;
};

/* What of the first snapshot's processes and of its whole is counted from 0, `from_zero` says, a bit a field. 0 or
 * -ENOMEM. */
int dn_baseline_take(struct dn_baseline *b, const struct dn_snapshot *first, uint64_t from_zero);
/* What this process had used; NULL: it came later. */
const struct dn_used *dn_baseline_of(const struct dn_baseline *b, const struct dn_row *row);
void dn_baseline_free(struct dn_baseline *b);
