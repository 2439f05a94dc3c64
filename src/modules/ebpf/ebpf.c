/* SPDX-License-Identifier: GPL-3.0-or-later
 * eBPF as a source: loaded while the command is held, read in each pass. For the sampler alone it is loaded later on,
 * while passes go on. */
#include "modules/ebpf/ebpf.h"
#include "base/guard.h"
#include "host/raised.h"
#include "modules/ebpf/events.h"
#include "modules/ebpf/stacks.h"
#include "modules/module.h"
#include "sources/probe.h"

#include <errno.h>
#include <stdlib.h>

struct state {
        struct dn_target *target;
        struct dn_ebpf *e;               /* NULL: there is none (any more) */
        struct dn_ebpf_loading *loading; /* of e, where that came later on … */
        bool loads;                      /* … and is not to be touched yet */
};

static void ebpf_free(struct dn_ebpf *e) {
        dn_ebpf_events_close(e);
        e->stacks = dn_ebpf_stacks_free(e->stacks);
        dn_ebpf_offcpu_close(e);
        dn_ebpf_syscalls_close(e);
        dn_ebpf_by_process_close(&e->traffic);
        dn_ebpf_by_process_close(&e->blocks);
        dn_ebpf_unload(e);
        dn_text_free(&e->why);
        free(e);
}

static void ebpf_close(void *state) {
        struct state *s = state;

        bool ours = !s->loading || dn_ebpf_load_end(s->loading, s->target);

        if (s->e && ours)
                ebpf_free(s->e);
        free(s);
}

static int open_parts(struct dn_ebpf *e) {
        int r = e->parts & DN_BPF_SYSCALLS ? dn_ebpf_syscalls_open(e) : 0;

        if (r == 0 && e->parts & DN_BPF_OFFCPU)
                r = dn_ebpf_offcpu_open(e);
        if (r == 0 && e->target->stacks)
                r = dn_ebpf_stacks_new(e, &e->stacks);
        if (r == 0 && (e->offcpu || e->stacks))
                r = dn_ebpf_events_open(e);
        if (r == 0 && e->parts & DN_BPF_NET)
                r = dn_ebpf_net_open(e);
        if (r == 0 && e->parts & DN_BPF_DISK)
                r = dn_ebpf_disk_open(e);
        return r;
}

/* When it is wanted, which may be later on. An older kernel may lack what it takes. */
static void offer_sampler(struct dn_ebpf *e) {
        if (!e->target->wants_sampler || e->target->sampler)
                return;
        if (!e->sampler && e->sampler_error == 0)
                dn_ebpf_sampler_load(e);
        if (e->sampler)
                e->sampler_error = dn_ebpf_sampler_offer(e);
        e->target->sampler_error = e->sampler_error;
}

static int load_now(struct state *s, struct dn_text *why) {
        int r = dn_ebpf_load_bounded(&s->e, why);

        if (r == 0 && (r = open_parts(s->e)) < 0 && r != -ENOMEM)
                dn_text_printf(why, "what BPF programs tell cannot be read: %s", strerror(-r));
        if (r == 0)
                offer_sampler(s->e);
        return r;
}

static int ebpf_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct state *s = calloc(1, sizeof(*s));
        int r = -ENOMEM;

        if (!s)
                return -ENOMEM;
        s->target = t;
        s->e = calloc(1, sizeof(*s->e));
        if (s->e) {
                s->e->target = t;
                s->e->parts = t->ebpf;
                s->loads = t->late;
                r = t->late ? dn_ebpf_load_begin(s->e, &s->loading) : load_now(s, why);
        }
        if (r < 0) {
                ebpf_close(s);
                return r;
        }
        *ret_state = s;
        return 0;
}

/* What was loaded meanwhile. */
static void look_at_loading(struct state *s) {
        dn_autotext struct dn_text why = {0};
        int r = dn_ebpf_load_poll(s->loading, s->target, &why);

        if (r == -EAGAIN)
                return;
        s->loads = false;
        /* It was for the sampler alone. */
        if (r < 0 || s->e->sampler_error < 0) {
                ebpf_free(s->e);
                s->e = NULL;
        }
}

static int put_lost(struct dn_ebpf *e, struct dn_pass *pass) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_EBPF);

        if (!row)
                return -ENOMEM;
        dn_row_set(row, DN_EBPF_lost_events, (int64_t)dn_ebpf_lost(e, pass->final), pass->now->number);
        return 0;
}

/* Once, in the last pass that there is: what comes after it is lost. */
static int write_stacks(struct dn_ebpf *e, struct dn_pass *pass) {
        if (!e->stacks || !pass->final)
                return 0;
        dn_text_reset(&e->why);
        return dn_ebpf_stacks_write(e, pass, &e->why);
}

static int read_all(struct dn_ebpf *e, struct dn_pass *pass) {
        int r = e->parts & DN_BPF_EXITS ? dn_ebpf_exits_read(e, pass) : 0;

        if (pass->final)
                dn_ebpf_events_finish(e);
        dn_ebpf_events_take(e);
        if (r == 0 && e->syscalls)
                r = dn_ebpf_syscalls_read(e, pass);
        if (r == 0 && e->offcpu)
                r = dn_ebpf_offcpu_read(e, pass);
        if (r == 0 && e->parts & DN_BPF_NET)
                r = dn_ebpf_net_read(e, pass);
        if (r == 0 && e->parts & DN_BPF_DISK)
                r = dn_ebpf_disk_read(e, pass);
        if (r == 0)
                r = write_stacks(e, pass);
        return r < 0 || e->target->ebpf == 0 ? r : put_lost(e, pass);
}

static int ebpf_read(void *state, struct dn_pass *pass) {
        struct state *s = state;
        struct dn_ebpf *e;
        struct dn_raised before = {0};
        int r;

        if (s->loads)
                look_at_loading(s);
        if (s->loads || !s->e)
                return 0;
        e = s->e;
        if (e->raise_to_read)
                before = dn_raise();
        r = read_all(e, pass);
        dn_lower(&before);
        if (r == 0)
                offer_sampler(e);
        return r;
}

/* Partly, where the kernel lets no sockets be counted, or stacks could not be written. */
static int ebpf_can(void *state, struct dn_text *why) {
        struct state *s = state;
        struct dn_ebpf *e = s->e;
        bool no_sockets;

        if (s->target->ebpf == 0) {
                dn_text_put(why, DN_STR("not asked for"));
                return DN_CAN_NOT; /* it is there for the sampler alone */
        }
        no_sockets = e->target->ebpf & ~e->parts & DN_BPF_NET;
        if (no_sockets)
                dn_text_put(why, DN_STR("this kernel lets no bytes through sockets be counted: it takes 6.3, or one "
                                        "with fexit"));
        else
                dn_text_put(why, dn_text_str(&e->why));
        return no_sockets || e->why.n > 0 ? DN_CAN_PARTLY : DN_CAN;
}

static const struct dn_source source = {
        .name = "ebpf", .open = ebpf_open, .read = ebpf_read, .can = ebpf_can, .close = ebpf_close};
static const struct dn_source *const sources[] = {&source, NULL};

DN_MODULE(ebpf) = {.layout = DN_MODULE_LAYOUT,
                   .name = "ebpf",
                   .sources = sources,
                   .shape = DN_SOURCE_SHAPE,
                   .load_sampler = dn_ebpf_load_sampler};
