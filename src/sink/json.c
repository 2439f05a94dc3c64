/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/sink.h"

static void begin(struct dn_text *text) {
        dn_text_put_char(text, '[');
}

static void write_element(const struct denet_record *r, uint64_t nth, uint64_t lost, struct dn_text *text) {
        dn_text_put(text, nth ? DN_STR(",\n") : DN_STR("\n"));
        dn_sink_line(r, lost, text);
}

static void end(uint64_t n, struct dn_text *text) {
        dn_text_put(text, n ? DN_STR("\n]\n") : DN_STR("]\n"));
}

const struct dn_sink_kind dn_sink_json = {
        .name = "json", .ending = ".json", .begin = begin, .write = write_element, .end = end};
