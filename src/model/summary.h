/* SPDX-License-Identifier: GPL-3.0-or-later
 * Records folded into one result: the same from a live stream and from its file, since both hold the same whole
 * numbers. */
#pragma once
#include "model/summary_energy.h"
#include "model/summary_gpu.h"
#include "model/summary_memory.h"
#include "model/summary_syscalls.h"

struct denet_summary {
        uint64_t samples;
        bool trees;                           /* a tree was met: flat samples no longer count */
        int64_t first_ms, last_ms;            /* wall clock of the first and the last record that counted */
        int64_t last_us;                      /* elapsed_us of the last one, -1 where the file has none */
        int64_t peak_at_us;                   /* when memory was at its peak */
        struct dn_row *last;                  /* part DN_WHOLE: the last value of each field … */
        struct dn_row *greatest;              /* … and the greatest */
        int64_t before_usage, before_span_us; /* cpu_usage of the sample before, and how long that was */
        int64_t span_us[DN_FIELDS];           /* how long each was known … */
        __int128 area[DN_FIELDS];             /* … and its integral over that */
        struct dn_summary_energy energy;
        struct dn_summary_gpu gpu;
        struct dn_summary_memory memory;
        struct dn_summary_syscalls syscalls;
        bool ended; /* an exit record was met */
        struct dn_exit exit;
        char *json; /* made by format, kept until the next record; the summary's */
};

/* The name of each number in the summary, in the order of its output, and what it is. */
struct dn_summary_entry {
        struct dn_str name;
        int decimals;
        bool (*get)(const struct denet_summary *s, int field, int64_t *ret_steps);
        int field;
};
extern const struct dn_summary_entry dn_summary_entries[];
extern const int dn_summary_n_entries;

/* A block of the summary: an object under its name. */
struct dn_summary_value {
        struct dn_str name;
        int64_t steps; /* in 10^-decimals */
        int decimals;
        bool known;
};
struct dn_summary_block {
        struct dn_str name;
        bool enabled; /* says so by `enabled`, for older readers */
        bool (*is_there)(const struct denet_summary *s);
        bool (*at)(const struct denet_summary *s, int i, struct dn_summary_value *ret_value); /* false past the last */
        struct dn_str text_name; /* of a text behind the numbers; empty: there is none */
        struct dn_str (*text)(const struct denet_summary *s);
};
extern const struct dn_summary_block dn_summary_blocks[];
extern const int dn_summary_n_blocks;

/* How the run behaves, by its system calls; empty: not known. A constant text. */
struct dn_str dn_summary_behaves(const struct denet_summary *s);

struct denet_summary *dn_summary_new(void);                                /* NULL: no memory */
int dn_summary_add(struct denet_summary *s, const struct denet_record *r); /* 0 or -ENOMEM */
/* By name ("avg_cpu_usage", "gpu.device_count", "energy.package_joules", "memory_characterization.mean_ipc"), in
 * 10^-decimals. 0, -ENOENT (no such name) or -ENODATA. */
int dn_summary_get(const struct denet_summary *s, struct dn_str name, int64_t *ret_steps, int *ret_decimals);
struct denet_summary *dn_summary_free(struct denet_summary *s);
