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
        dn_ebpf_by_process_close(&e->traffic);
        dn_ebpf_by_process_close(&e->blocks);
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
        if (r == 0 && e->parts & DN_BPF_NET)
                r = dn_ebpf_net_open(e);
        if (r == 0 && e->parts & DN_BPF_DISK)
                r = dn_ebpf_disk_open(e);
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
        if (r == 0 && e->parts & DN_BPF_NET)
                r = dn_ebpf_net_read(e, pass);
        if (r == 0 && e->parts & DN_BPF_DISK)
                r = dn_ebpf_disk_read(e, pass);
        return r < 0 || e->target->ebpf == 0 ? r : put_lost(e, pass);
}

static int ebpf_can(void *state, struct dn_text *why) {
        const struct dn_ebpf *e = state;

        if (e->target->ebpf == 0) {
                dn_text_put(why, DN_STR("not asked for"));
                return DN_CAN_NOT; /* it is there for the sampler alone */
        }
        if (!(e->target->ebpf & ~e->parts & DN_BPF_NET))
                return DN_CAN;
        dn_text_put(why, DN_STR("bytes through sockets take a kernel of 6.3 or later"));
        return DN_CAN_PARTLY;
}

static const struct dn_source source = {
        .name = "ebpf", .open = ebpf_open, .read = ebpf_read, .can = ebpf_can, .close = ebpf_close};
static const struct dn_source *const sources[] = {&source, NULL};

DN_MODULE(ebpf) = {.layout = DN_MODULE_LAYOUT, .name = "ebpf", .sources = sources};
