/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who samples the processes: /proc, or BPF's look at all tasks. To load that takes some twenty milliseconds of a
 * process of its own, and each look a part of a microsecond for each task of the machine, whosever it is: so by itself
 * it comes for a tree that has grown and is a good part of what runs. */
#include "base/guard.h"
#include "host/clock.h"
#include "stream/stream.h"

#include <errno.h>
#include <string.h>

/* It begins where both hold, and ends where one is missed by half. */
enum { PAYS_FROM = 100, TASKS_MOST = 4 /* of the machine, for each process of the tree */ };

static void take(struct denet *d, bool by_sampler) {
        if (d->target.by_sampler != by_sampler)
                dn_stream_debug(d, "processes are sampled by %s from now on", by_sampler ? "BPF" : "/proc");
        d->target.by_sampler = by_sampler;
}

int dn_sampler_require(struct denet *d, denet_error *error) {
        dn_autotext struct dn_text refused = {0};
        const char *why, *end;
        int r;

        if (d->o.sampler != DENET_SAMPLER_BPF)
                return 0;
        if (d->o.ebpf == 0 && (r = dn_sample_open_sampler(d)) < 0)
                return r;
        if (d->target.sampler) {
                take(d, true);
                return 0;
        }
        why = dn_text_cstr(d->o.ebpf == 0 ? &d->sampler.why : &dn_sample_said(d, "ebpf")->why);
        if (!why || !*why) {
                dn_text_printf(&refused, "the kernel refuses its programs: %s\na kernel of 5.17 or later",
                               strerror(-d->target.sampler_error));
                why = dn_text_cstr(&refused);
        }
        end = strchr(why, '\n');
        return dn_fail(error, -ENOTSUP, "sampler bpf: %.*s; %s, or --sampler procfs", (int)strcspn(why, "\n"), why,
                       end ? end + 1 : "see denet doctor");
}

static bool pays(struct denet *d) {
        int64_t n = d->last->part[DN_PROCESS].n, tasks;
        int slack = d->target.by_sampler ? 2 : 1;

        if (n * slack < PAYS_FROM)
                return false;
        tasks = dn_platform_tasks(d->target.procfs);
        return tasks > 0 && tasks <= n * TASKS_MOST * slack;
}

/* Where eBPF is at work it brings it in the next pass; else it is loaded for this alone, which takes a few passes. */
static void want(struct denet *d) {
        d->target.wants_sampler = true;
        if (d->o.ebpf != 0 || d->sampler.tried)
                return;
        d->sampler.tried = true;
        if (dn_platform_may_load_bpf(d->target.procfs))
                (void)dn_sample_open_sampler(d);
        else
                dn_stream_debug(d, "no rights for a sampler by BPF");
}

void dn_sampler_choose(struct denet *d) {
        const int64_t pace_ns = 1000000000;
        int64_t now_ns = dn_clock_mono_ns();
        bool pays_now, arrived = d->target.sampler && !d->sampler.offered;

        d->sampler.offered = d->target.sampler != NULL;
        if (d->o.sampler != DENET_SAMPLER_AUTO || !d->target.children ||
            (!arrived && now_ns - d->sampler.asked_ns < pace_ns))
                return;
        if (d->last->part[DN_PROCESS].n >= PAYS_FROM)
                d->sampler.asked_ns = now_ns;
        pays_now = pays(d);
        if (pays_now && !d->target.sampler)
                want(d);
        take(d, pays_now && d->target.sampler);
}
