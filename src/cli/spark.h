/* SPDX-License-Identifier: GPL-3.0-or-later
 * A sparkline: the last minute of a quantity, a character for two seconds of it. */
#pragma once
#include "base/text.h"

enum { DN_SPARK_CELLS = 32, DN_SPARK_SECS = 2 };

struct dn_spark {
        double sum[DN_SPARK_CELLS], secs[DN_SPARK_CELLS]; /* cell n of all time is at n % DN_SPARK_CELLS */
        long long newest;                                 /* the cell that was added to last */
};

/* It was `value` between these two moments; they never go back. */
void dn_spark_add(struct dn_spark *s, double from_secs, double to_secs, double value);

/* The last `cells`, from 0 to `most`; a blank for what came before the first. */
void dn_spark_put(const struct dn_spark *s, struct dn_text *text, int cells, double most, bool utf8);
