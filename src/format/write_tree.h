/* SPDX-License-Identifier: GPL-3.0-or-later
 * Tree and sample records, with the text of each process kept by its slot. Part of the writer. */
#pragma once
#include "base/json_write.h"
#include "model/record.h"

/* What is kept of one process, one text behind the other: how it opens, up to the number of ts_ms; and where it sleeps
 * its fields, those behind ts_ms and before uptime_secs. Both of these move with every sample. */
struct dn_kept {
        struct dn_key key;
        char *text; /* owned */
        uint32_t room, n_opening, n_fields;
        uint32_t made;    /* the sample that the fields were made for; 0: there are none */
        uint32_t name_at; /* the name, as it stands in the opening, … */
        uint16_t n_name;  /* … and its size; of one with escapes none that a name has */
        bool child;
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
