/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sampler, loaded to be given to another process: nothing here is freed, the end of this one does that. */
#include "modules/ebpf/ebpf.h"
#include "modules/ebpf/object.h"

#include <errno.h>
#include <stdlib.h>

int dn_ebpf_load_sampler(struct dn_target *target, struct dn_bpf_loaded *ret_loaded, struct dn_text *why) {
        struct dn_ebpf *e = calloc(1, sizeof(*e));
        int r, n;

        if (!e)
                return -ENOMEM;
        e->target = target;
        target->wants_sampler = true;
        r = dn_ebpf_load(e, why);
        if (r == 0)
                r = e->sampler_error;
        if (r < 0)
                return r;
        n = dn_object_links(e->object, ret_loaded->links, DN_BPF_LINKS);
        if (n < 0)
                return n;
        ret_loaded->n_links = (uint32_t)n;
        dn_ebpf_sampler_show(e, &ret_loaded->side);
        return 0;
}
