/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/sink.h"

static void write_line(const struct denet_record *r, uint64_t nth, uint64_t lost, struct dn_text *text) {
        (void)nth;
        dn_sink_line(r, lost, text);
        dn_text_put_char(text, '\n');
}

const struct dn_sink_kind dn_sink_jsonl = {.name = "jsonl", .ending = ".jsonl", .write = write_line, .lines = true};
