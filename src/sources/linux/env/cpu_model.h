/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a processor is called, and what else /proc/cpuinfo has of its first CPU. */
#pragma once
#include "base/text.h"

/* Appends its beginning, which has that CPU. 0 or -errno. */
int dn_cpuinfo_read(int proc, struct dn_text *text);

/* The value of a key, trimmed. False where it is missing, or empty. */
bool dn_cpuinfo_find(struct dn_str info, struct dn_str key, struct dn_str *ret_value);

/* Appends the name. 0, or -ENODATA where it has none. */
int dn_cpu_model(struct dn_str info, struct dn_text *text);
