/* SPDX-License-Identifier: GPL-3.0-or-later
 * Amounts as a person reads them: three digits and a unit. */
#pragma once
#include "base/text.h"

void dn_put_three(struct dn_text *text, double value);     /* 1.23, 12.3, 123 */
void dn_put_joules(struct dn_text *text, double joules);   /* 41.2 J, 1.23 kJ */
void dn_put_seconds(struct dn_text *text, double seconds); /* 0.41 ms, 9.20 s, 12 min 03 s, 2 h 41 min, 3 d 04 h */
void dn_put_bytes(struct dn_text *text, double bytes);     /* 812 B, 21.3 MiB; by 1024 */
void dn_put_count(struct dn_text *text, double count);     /* 812, 812 k, 9.10 M */
void dn_put_cores(struct dn_text *text, double cores);     /* 0.95, 13.9 */

/* The unit in which `bytes` has three digits, and how many bytes it is. */
const char *dn_bytes_unit(double bytes, double *ret_divisor);
