/* SPDX-License-Identifier: GPL-3.0-or-later
 * The blocks of a record, back from their objects. Part of the reader. */
#pragma once
#include "format/read_text.h"
#include "model/derive.h"

/* Takes the value of this key into the sample, if it is a block's; false, and nothing taken: it is not. Without memory
 * the value is skipped, and texts->no_memory set. */
bool dn_read_block(struct dn_scan *scan, struct dn_str key, struct dn_sample *s, struct dn_texts *texts);
