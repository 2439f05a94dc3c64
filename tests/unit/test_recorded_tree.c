/* SPDX-License-Identifier: GPL-3.0-or-later
 * All from /proc to a record, with recorded files as /proc: the sources, the conductor's passes, what is derived. */
#include "common.h"
#include "descriptors.h"
#include "model/accounts.h"
#include "scene.h"
#include "sources/linux/procfs.h"
#include "stream/stream.h"

#include <inttypes.h>
#include <time.h>

/* As denet_attach does it, but for the event loop: who is watched here sends no events. */
static struct denet *prepare(const struct scene *scene, const char *root) {
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

static void begin(struct denet *d) {
        assert_int_equal(dn_sample_open_sources(d), 0);
        assert_int_equal(dn_sample_first(d), 0);
        d->facts->line.n = 0;
}

static struct denet *watch(const struct scene *scene, const char *root) {
        struct denet *d = prepare(scene, root);

        begin(d);
        return d;
}

/* The same without descriptors that are held, so that what becomes of a file's name is seen. */
static struct denet *watch_by_name(const struct scene *scene, const char *root) {
        struct denet *d = prepare(scene, root);

        d->target.procfs->limit = 0;
        begin(d);
        return d;
}
