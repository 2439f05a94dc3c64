/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tree and sample records, with the text of each process kept by its slot. Part of the writer. */
#pragma once
#include "base/json_write.h"
#include "model/record.h"

/* What is kept of one process that sleeps: the members of its metrics but for ts_ms, which comes before them, and
 * uptime_secs, which comes behind; both move with every sample. */
struct dn_kept {
        struct dn_key key;
        uint32_t made; /* the sample that the text was made for; 0: there is none */
        uint32_t n, room;
        char *text; /* owned */
};

struct dn_kept_texts {
        struct dn_kept *by_slot;
        uint32_t room;
};

/* Which children a tree lists, as in dn_writer_list. */
enum { DN_LIST_ALL, DN_LIST_ACTIVE, DN_LIST_NONE };

void dn_kept_forget(struct dn_kept_texts *kept, uint32_t slot);
void dn_kept_free(struct dn_kept_texts *kept);

/* `since`: the sample that changes are counted from. */
void dn_write_tree(struct dn_text *text, const struct denet_record *r, struct dn_kept_texts *kept, int list,
                   uint32_t since);
void dn_write_sample(struct dn_text *text, const struct denet_record *r);
