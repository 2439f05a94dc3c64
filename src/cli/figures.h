/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the row and the lines show of a record: how things are now, and rates over the last interval. */
#pragma once
#include "cli/spark.h"
#include "denet/denet.h"

enum dn_figure {
        DN_FIGURE_CORES_BUSY,
        DN_FIGURE_MEMORY, /* bytes, here and below */
        DN_FIGURE_MEMORY_PEAK,
        DN_FIGURE_GPU_BUSY, /* percent, of the busiest */
        DN_FIGURE_GPU_MEMORY,
        DN_FIGURE_READ, /* bytes a second, here and below */
        DN_FIGURE_WRITTEN,
        DN_FIGURE_PROCESSES,
        DN_FIGURE_THREADS,
        DN_FIGURE_FROM_DISK,
        DN_FIGURE_TO_DISK,
        DN_FIGURE_NET_IN,
        DN_FIGURE_NET_OUT,
        DN_FIGURES
};

struct dn_figures {
        double elapsed_secs;
        double cores, memory_limit; /* that the command may use; 0: not known */
        double v[DN_FIGURES];
        unsigned has; /* a bit a figure: what is not known is not shown */
};

static inline bool dn_figures_have(const struct dn_figures *f, int figure) {
        return f->has >> figure & 1;
}

/* Records made into figures. */
struct dn_meter {
        struct dn_figures now;
        struct dn_spark spark; /* of the cores busy */
        int64_t last_ms;       /* when the last one was; 0: there was none */
        bool history;          /* the counters do not begin at 0: no rate from the first */
        double counter[DN_FIGURES];
        int field[DN_FIGURES];
        int peak_field;
};

void dn_meter_open(struct dn_meter *m, bool history);

/* A tree or a sample, of a stream that began at start_ms. False: it says nothing. */
bool dn_meter_add(struct dn_meter *m, const denet_record *record, int64_t start_ms);
