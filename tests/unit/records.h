/* SPDX-License-Identifier: GPL-3.0-or-later
 * Records made by hand. */
#pragma once
#include "common.h"
#include "format/writer.h"

struct made {
        struct dn_sample sample;
        struct dn_exit exit;
        struct denet_record record;
        struct dn_writer *writer;
};

static inline void made_free(struct made *m) {
        dn_sample_free(&m->sample);
        dn_writer_free(m->writer);
}

static inline struct dn_row *add_process(struct made *m, int64_t pid, const char *name) {
        struct dn_row *row = dn_table_add(&m->sample.part[DN_PROCESS]);

        row->key = (struct dn_key){pid, 1};
        row->name = dn_str_of(name);
        row->slot = m->sample.part[DN_PROCESS].n - 1;
        row->changed = m->sample.number;
        return row;
}

static inline struct dn_row *add_whole(struct made *m) {
        struct dn_row *row = dn_table_add(&m->sample.part[DN_WHOLE]);

        row->changed = m->sample.number;
        return row;
}

static inline struct dn_row *process_at(const struct made *m, uint32_t i) {
        return dn_table_row(&m->sample.part[DN_PROCESS], i);
}

/* A record of this kind at 1000 ms, 250 us after the start, with the whole's row, and the main process where it lives.
 */
static inline void make(struct made *m, int kind, bool main_lives) {
        *m = (struct made){.writer = dn_writer_new()};
        assert_non_null(m->writer);
        m->sample.number = 1;
        m->sample.unix_ms = 1000;
        m->sample.elapsed_us = 250;
        m->sample.main_lives = main_lives;
        add_whole(m);
        if (main_lives)
                add_process(m, 10, "main");
        m->record = (struct denet_record){
                .kind = kind, .unix_ms = 1000, .sample = &m->sample, .exit = &m->exit, .writer = m->writer};
        m->exit = (struct dn_exit){.last_sample_to_exit_ms = -1,
                                   .code = -1,
                                   .signal = -1,
                                   .wall_us = -1,
                                   .peak_rss_kb = -1,
                                   .peak_rss_sum_kb = -1,
                                   .peak_rss_process_kb = -1,
                                   .processes_seen = -1,
                                   .still_running = -1};
}
#define made_cleanup DN_GUARD(made_free)
