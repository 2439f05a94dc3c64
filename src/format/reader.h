/* SPDX-License-Identifier: GPL-3.0-or-later
 * A line back to a record. What was written by dn_writer_text comes back to the bit. Lines of older releases (untagged,
 * net_rx_bytes, aggregated null) are read too. */
#pragma once
#include "format/read_known.h"
#include "model/record.h"

struct dn_reader {
        struct dn_sample sample;
        struct dn_exit exit;
        struct dn_row *flat;                       /* what stands at the top of the line */
        struct dn_text scratch;                    /* unescaped names */
        struct dn_text tagged;                     /* an older release's line, with its kind put in */
        struct dn_known parent, child, whole, top; /* the order of members, where metrics stand */
        bool children; /* wanted: else a tree's children and parent are passed over, its aggregate alone is read */
};

/* Begin with all 0 but `children`. *ret_record borrows from the line and from the reader, until the next call. 0;
 * -EBADMSG: no JSON, or no record of denet's; -ENOMEM. A blank line is -ENODATA. */
int dn_reader_line(struct dn_reader *reader, struct dn_str line, struct denet_record *ret_record);
void dn_reader_free(struct dn_reader *reader);
