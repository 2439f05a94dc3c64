/* SPDX-License-Identifier: GPL-3.0-or-later
 * Names as a terminal may have them. */
#pragma once
#include "base/text.h"

/* A name of somebody else's: control characters and bytes that are no UTF-8 become `?`. */
void dn_put_name(struct dn_text *text, struct dn_str name);
/* The same, cut to `room` columns, which the dots are among. */
void dn_put_cut_name(struct dn_text *text, struct dn_str name, size_t room, bool utf8);

/* "TERM"; NULL: it has none, as a real-time signal. */
const char *dn_signal_name(int number);
