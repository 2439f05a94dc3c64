/* SPDX-License-Identifier: GPL-3.0-or-later
 * A line of output before it is text, or after it was read. */
#pragma once
#include "model/derive.h"

enum dn_kind { DN_ENV = 1, DN_METADATA, DN_CHILD, DN_SAMPLE, DN_TREE, DN_AGGREGATED, DN_EXIT };

/* What the exit record says besides its totals, which are the row of the whole. */
struct dn_exit {
        int64_t last_sample_to_exit_ms; /* -1: not known */
        int code, signal;               /* what did not end it is -1; both -1: it was not seen to end */
        int64_t wall_us;                /* -1: not known */
        int64_t peak_rss_kb;            /* the larger of the next two; each -1 where not known */
        int64_t peak_rss_sum_kb, peak_rss_process_kb;
        int64_t processes_seen;    /* -1: not known */
        int64_t still_running;     /* members that live on; -1: not known */
        int64_t lost_records;      /* of a file; a sink knows its own better */
        struct dn_str lower_bound; /* why the totals are one; empty: they are not */
};

struct dn_writer;

struct denet_record {
        int kind; /* of dn_kind */
        int64_t unix_ms;
        const struct dn_sample *sample; /* TREE, SAMPLE, AGGREGATED; EXIT: its totals in the whole's row. Else NULL */
        const struct dn_exit *exit;     /* EXIT */
        struct dn_str text;             /* the line as it was read or made; empty: `writer` makes it when asked */
        struct dn_writer *writer;       /* the stream's; NULL where `text` is all there is */
};
