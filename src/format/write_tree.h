/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tree and sample records. Part of the writer. */
#pragma once
#include "base/json_write.h"
#include "format/kept.h"
#include "model/record.h"

/* Which children a tree lists, as in dn_writer_list. */
enum { DN_LIST_ALL, DN_LIST_ACTIVE, DN_LIST_NONE };

/* Behind dn_kept_begin. `since`: the sample that changes are counted from. */
void dn_write_tree(struct dn_text *text, const struct denet_record *r, struct dn_kept_texts *kept, int list,
                   uint32_t since);
void dn_write_sample(struct dn_text *text, const struct denet_record *r);
