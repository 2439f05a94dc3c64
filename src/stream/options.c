/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stream/stream.h"

#include <errno.h>

enum { DEFAULT_INTERVAL_MS = 100, DEFAULT_MAX_INTERVAL_MS = 1000 };

static const unsigned ebpf_parts = DENET_EBPF_SYSCALLS | DENET_EBPF_OFFCPU | DENET_EBPF_NET | DENET_EBPF_DISK |
                                   DENET_EBPF_EXITS | DENET_EBPF_ONCPU;

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
                return dn_fail(error, -EINVAL, "max interval %u ms: below interval %u ms; raise it or leave it out",
                               o.max_interval_ms, o.interval_ms);
        if (o.children < DENET_CHILDREN_ALL || o.children > DENET_CHILDREN_NONE)
                return dn_fail(error, -EINVAL, "denet_options.children is %d; give one of denet_children", o.children);
        if (o.sampler < DENET_SAMPLER_AUTO || o.sampler > DENET_SAMPLER_BPF)
                return dn_fail(error, -EINVAL, "denet_options.sampler is %d; give one of denet_sampler", o.sampler);
        if (o.ebpf & ~ebpf_parts)
                return dn_fail(error, -EINVAL, "denet_options.ebpf is %u; give parts of denet_ebpf", o.ebpf);
        /* GPUs and eBPF that are asked for and not to be had are in the metadata, with the reason, and the rest goes
         * on. These two would leave a caller with less than it counts on. */
        if (o.sampler == DENET_SAMPLER_BPF)
                return dn_fail(error, -ENOTSUP, "BPF sampler: not part of this version; leave it out");
        if (o.stacks && !(o.ebpf & (DENET_EBPF_OFFCPU | DENET_EBPF_ONCPU)))
                o.ebpf |= DENET_EBPF_OFFCPU; /* what they are of */
        if (o.cgroup < DENET_AUTO || o.cgroup > DENET_REQUIRE)
                return dn_fail(error, -EINVAL, "denet_options.cgroup is %d; set it to one of denet_choice", o.cgroup);
        *to = o;
        return 0;
}
