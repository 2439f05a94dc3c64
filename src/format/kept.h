/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where the text of each process stands in the record before. That one is in the same text as the one that is made, a
 * little behind it: what has not changed is moved to the front by as much, and no text is stored twice. Part of the
 * writer. */
#pragma once
#include "base/text.h"
#include "model/row.h"

/* One process: how it opens, up to the number of ts_ms; and its fields, those behind ts_ms and before uptime_secs. Both
 * of these move with every sample. */
struct dn_kept {
        struct dn_key key;
        size_t at;       /* where it stands, from the record's beginning */
        uint32_t record; /* the record that this is of, as they are counted below */
        uint32_t made;   /* the sample that the fields were made for */
        uint16_t n_opening, fields_at, n_fields;
        uint16_t name_at, n_name; /* the name, as it stands in the opening; of one with escapes a size that none has */
        bool child;
};

struct dn_kept_texts {
        struct dn_kept *by_slot;
        uint32_t room;
        uint32_t record; /* counts them */
        size_t begins;   /* where the record begins in the text, which ends with it … */
        size_t before;   /* … and the one before it, as far as it has not been written over */
};

enum { DN_KEPT_BEYOND = 64 }; /* so much may be written behind the end of the text, before the text is as long */

/* A record begins, at the text's end. The text holds the one before it, or is empty. */
void dn_kept_begin(struct dn_kept_texts *kept, struct dn_text *text);
/* Empties the text: it is to hold something else, or what it holds has failed. */
void dn_kept_lose(struct dn_kept_texts *kept, struct dn_text *text);
/* The place of this slot; NULL without memory, and then nothing is kept. */
struct dn_kept *dn_kept_place(struct dn_kept_texts *kept, uint32_t slot);
void dn_kept_forget(struct dn_kept_texts *kept, uint32_t slot);
void dn_kept_free(struct dn_kept_texts *kept);

/* The text of this place is of the record before, and whole, where this one has come to `n`. */
static inline bool dn_kept_stands(const struct dn_kept_texts *kept, const struct dn_kept *place, size_t n) {
        return place->n_opening > 0 && place->record + 1 == kept->record &&
               kept->before + place->at >= n + DN_KEPT_BEYOND;
}
