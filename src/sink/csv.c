/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/csv_write.h"
#include "sink/sink.h"

static void write_row(const struct denet_record *r, uint64_t nth, uint64_t lost, struct dn_text *text) {
        (void)nth;
        (void)lost;
        dn_csv_row(text, r);
}

const struct dn_sink_kind dn_sink_csv = {.name = "csv", .ending = ".csv", .begin = dn_csv_header, .write = write_row};
