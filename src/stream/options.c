/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stream/stream.h"

#include <errno.h>

enum { DEFAULT_INTERVAL_MS = 100, DEFAULT_MAX_INTERVAL_MS = 1000 };

int dn_options_take(denet_options *to, const denet_options *from, denet_error *error) {
        denet_options o = {0};

        if (from) {
                if (from->struct_size == 0)
                        return dn_fail(error, -EINVAL,
                                       "denet_options.struct_size is 0; set it to sizeof(denet_options)");
                memcpy(&o, from, from->struct_size < sizeof(o) ? from->struct_size : sizeof(o));
        }
        o.struct_size = sizeof(o);
        if (o.interval_ms == 0)
                o.interval_ms = DEFAULT_INTERVAL_MS;
        if (o.max_interval_ms == 0)
                o.max_interval_ms = o.interval_ms > DEFAULT_MAX_INTERVAL_MS ? o.interval_ms : DEFAULT_MAX_INTERVAL_MS;
        if (o.max_interval_ms < o.interval_ms)
                return dn_fail(error, -EINVAL, "max interval %u ms is below interval %u ms; raise it or leave it out",
                               o.max_interval_ms, o.interval_ms);
        if (o.children < DENET_CHILDREN_ALL || o.children > DENET_CHILDREN_NONE)
                return dn_fail(error, -EINVAL, "denet_options.children is %d; give one of denet_children", o.children);
        if (o.flags & DENET_WITH_GPU || o.sampler == DENET_SAMPLER_BPF || o.stacks)
                return dn_fail(error, -ENOTSUP,
                               "GPUs, stacks and the BPF sampler: not part of this version; leave them out");
        if (o.ebpf != 0)
                return dn_fail(error, -ENOTSUP, "eBPF: not part of this version; leave it out");
        if (o.cgroup < DENET_AUTO || o.cgroup > DENET_REQUIRE)
                return dn_fail(error, -EINVAL, "denet_options.cgroup is %d; set it to one of denet_choice", o.cgroup);
        *to = o;
        return 0;
}
