/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/kept.h"
#include "base/slots.h"

#include <stdlib.h>

/* By how much a record may grow before it comes over the one before; how many are made until all has to be moved. */
enum { GAP_LEAST = 512, GAP_SHARE = 128, TURNS = 8 };

void dn_kept_begin(struct dn_kept_texts *kept, struct dn_text *text) {
        size_t n = text->n - kept->begins, gap = n / GAP_SHARE + GAP_LEAST;

        kept->record++;
        if (n == 0)
                return;
        if (kept->begins < gap) {
                if (!dn_text_reserve(text, TURNS * gap)) {
                        dn_kept_lose(kept, text);
                        return;
                }
                memmove(text->p + TURNS * gap, text->p + kept->begins, n);
                kept->begins = TURNS * gap;
        }
        kept->before = kept->begins;
        kept->begins -= gap;
        text->n = kept->begins;
}

void dn_kept_lose(struct dn_kept_texts *kept, struct dn_text *text) {
        kept->record++;
        kept->begins = 0;
        dn_text_reset(text);
}

struct dn_kept *dn_kept_place(struct dn_kept_texts *kept, uint32_t slot) {
        struct dn_kept *by_slot = dn_slots_reserve(kept->by_slot, &kept->room, slot, sizeof(*by_slot));

        if (!by_slot)
                return NULL;
        kept->by_slot = by_slot;
        return &by_slot[slot];
}

void dn_kept_forget(struct dn_kept_texts *kept, uint32_t slot) {
        if (slot < kept->room)
                kept->by_slot[slot] = (struct dn_kept){0};
}

void dn_kept_free(struct dn_kept_texts *kept) {
        free(kept->by_slot);
        *kept = (struct dn_kept_texts){0};
}
