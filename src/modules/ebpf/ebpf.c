/* SPDX-License-Identifier: GPL-3.0-or-later
 * eBPF as a source: loaded while the command is held, read in each pass. */
#include "modules/ebpf/ebpf.h"
#include "modules/module.h"
#include "sources/probe.h"

#include <errno.h>
#include <stdlib.h>

static void ebpf_close(void *state) {
        struct dn_ebpf *e = state;

        dn_ebpf_sampler_close(e);
        dn_ebpf_syscalls_close(e);
        dn_ebpf_unload(e);
        free(e);
}

static int ebpf_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct dn_ebpf *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        e->target = t;
        e->parts = t->ebpf;
        e->samples = t->wants_sampler;
        r = dn_ebpf_load(e, why);
        if (r == 0 && e->parts & DN_BPF_SYSCALLS)
                r = dn_ebpf_syscalls_open(e);
        if (r == 0 && e->samples)
                r = dn_ebpf_sampler_open(e);
        if (r < 0) {
                ebpf_close(e);
                return r;
        }
        *ret_state = e;
        return 0;
}

static int put_lost(struct dn_ebpf *e, struct dn_pass *pass) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_EBPF);

        if (!row)
                return -ENOMEM;
        dn_row_set(row, DN_EBPF_lost_events, (int64_t)dn_ebpf_lost(e, pass->final), pass->now->number);
        return 0;
}

static int ebpf_read(void *state, struct dn_pass *pass) {
        struct dn_ebpf *e = state;
        int r = e->parts & DN_BPF_EXITS ? dn_ebpf_exits_read(e, pass) : 0;

        if (r == 0 && e->syscalls)
                r = dn_ebpf_syscalls_read(e, pass);
        return r < 0 || e->parts == 0 ? r : put_lost(e, pass);
}

static const struct dn_source source = {.name = "ebpf", .open = ebpf_open, .read = ebpf_read, .close = ebpf_close};
static const struct dn_source *const sources[] = {&source, NULL};

DN_MODULE(ebpf) = {.layout = DN_MODULE_LAYOUT, .name = "ebpf", .sources = sources};
