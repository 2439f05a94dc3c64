/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "base/slots.h"
#include "base/utf8.h"
#include "modules/symbols/symbols.h"

#include <inttypes.h>

void dn_frames_free(struct dn_frames *frames) {
        free(frames->list);
        dn_text_free(&frames->texts);
        *frames = (struct dn_frames){0};
}

uint32_t dn_frames_keep(struct dn_frames *frames, struct dn_str text) {
        struct dn_text *texts = &frames->texts;
        size_t place;

        if (texts->n == 0)
                dn_text_put_char(texts, '\0'); /* place 0 */
        place = texts->n;
        if (text.n == 0)
                return 0;
        dn_utf8_put(texts, text);
        dn_text_put_char(texts, '\0');
        return (uint32_t)place;
}

int dn_frames_add(struct dn_frames *frames, const struct dn_frame *frame) {
        void *grown = dn_slots_reserve(frames->list, &frames->room, frames->n, sizeof(*frames->list));

        if (!grown)
                return -ENOMEM;
        frames->list = grown;
        frames->list[frames->n++] = *frame;
        return frames->texts.failed ? -ENOMEM : 0;
}

int dn_frames_add_named(struct dn_frames *frames, enum dn_frame_kind kind, uint64_t address, struct dn_str name) {
        struct dn_frame frame = {.kind = kind, .address = address};

        frame.name = dn_frames_keep(frames, name);
        return dn_frames_add(frames, &frame);
}

void dn_frame_put(struct dn_text *text, const struct dn_frames *frames, const struct dn_frame *frame) {
        const char *file = dn_frames_text(frames, frame->file), *slash = strrchr(file, '/');

        if (frame->name)
                dn_text_put(text, dn_str_of(dn_frames_text(frames, frame->name)));
        else if (frame->file)
                dn_text_printf(text, "%s+0x%" PRIx64, slash && slash[1] ? slash + 1 : file, frame->offset);
        else
                dn_text_printf(text, "0x%" PRIx64, frame->address);
}
