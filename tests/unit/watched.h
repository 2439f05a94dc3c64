/* SPDX-License-Identifier: GPL-3.0-or-later
 * A recorded tree that is watched: all of denet from /proc to a record but for the event loop. */
#pragma once
#include "common.h"
#include "scene.h"
#include "sources/linux/procfs.h"
#include "stream/stream.h"

#include <inttypes.h>

/* As denet_attach does it, but for the event loop: who is watched here sends no events. */
static inline struct denet *prepare(const struct scene *scene, const char *root) {
        struct denet *d = calloc(1, sizeof(*d));

        assert_non_null(d);
        d->mode = DN_MODE_ATTACH;
        d->held = (struct dn_held){.pid = -1, .pidfd = -1, .release = -1, .report = -1};
        d->loop = (struct dn_loop){.fd = -1, .timer = -1};
        d->last = &d->snapshots[0];
        d->now = &d->snapshots[1];
        d->stop_at_ns = d->kill_at_ns = INT64_MAX;
        d->target.members = &d->members;
        d->target.children = true;
        d->writer = dn_writer_new();
        assert_non_null(d->writer);
        assert_int_equal(dn_facts_open(d), 0);
        assert_int_equal(dn_platform_open(&d->target.procfs, scene->proc), 0);
        assert_int_equal(dn_platform_identify(d->target.procfs, scene_find(scene, root)->pid, &d->target.main), 0);
        return d;
}

static inline void begin(struct denet *d) {
        assert_int_equal(dn_sample_open_sources(d), 0);
        assert_int_equal(dn_sample_first(d), 0);
}

static inline struct denet *watch(const struct scene *scene, const char *root) {
        struct denet *d = prepare(scene, root);

        begin(d);
        return d;
}

/* The same without descriptors that are held, so that what becomes of a file's name is seen. */
static inline struct denet *watch_by_name(const struct scene *scene, const char *root) {
        struct denet *d = prepare(scene, root);

        d->target.procfs->limit = 0;
        begin(d);
        return d;
}

static inline void pass(struct denet *d) {
        assert_int_equal(dn_sample_take(d, false), 0);
}

/* The records that are queued; NULL: no more. */
static inline const denet_record *pull(struct denet *d) {
        const denet_record *record;

        return d->queue_at < d->queue_n && denet_next(d, 0, &record) == 1 ? record : NULL;
}

static inline void pull_all(struct denet *d) {
        const denet_record *record;

        while ((record = pull(d)))
                assert_non_null(denet_record_json(record, NULL));
}

static inline const struct dn_row *row_of(const struct denet *d, int64_t pid) {
        const struct dn_table *rows = &d->last->part[DN_PROCESS];

        for (uint32_t i = 0; i < rows->n; i++)
                if (dn_table_row(rows, i)->key.pid == pid && !dn_table_row(rows, i)->gone)
                        return dn_table_row(rows, i);
        return NULL;
}

static inline const struct dn_row *listed(const struct denet *d, int64_t pid) {
        const struct dn_table *rows = &d->sample.part[DN_PROCESS];

        for (uint32_t i = 0; i < rows->n; i++)
                if (dn_table_row(rows, i)->key.pid == pid)
                        return dn_table_row(rows, i);
        return NULL;
}

static inline int64_t value_of(const struct dn_row *row, int id) {
        int64_t value = 0;

        assert_non_null(row);
        if (!dn_row_get(row, id, &value))
                fail_msg("%s is not known", dn_fields[id].name.p);
        return value;
}

static inline bool knows(const struct dn_row *row, int id) {
        assert_non_null(row);
        return row->has >> id & 1;
}

static inline void assert_at_rest(const struct dn_table *rows) {
        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i);

                assert_int_equal(value_of(row, DN_cpu_usage), 0);
                for (int id = 0; id < DN_FIELDS; id++)
                        if (dn_fields[id].nature == DN_COUNTER && knows(row, id))
                                assert_int_equal(row->v[id], 0);
        }
}

static inline void put_process(const struct scene *scene, int64_t pid, const char *name, int64_t ppid, int64_t start) {
        char line[256];
        int n = snprintf(line, sizeof(line),
                         "%" PRId64 " (%s) S %" PRId64 " 1 1 0 -1 0 0 0 0 0 5 7 0 0 20 0 1 0 %" PRId64 " 0 0\n", pid,
                         name, ppid, start);

        scene_write(scene, pid, "stat", (struct dn_str){line, (size_t)n});
}

static inline void put_newest(const struct scene *scene, int64_t pid) {
        char line[64];
        int n = snprintf(line, sizeof(line), "0.00 0.00 0.00 1/99 %" PRId64 "\n", pid);

        scene_write(scene, 0, "loadavg", (struct dn_str){line, (size_t)n});
}
