/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/stacks.h"
#include "base/guard.h"
#include "host/raised.h"
#include "modules/ebpf/kernel_names.h"
#include "modules/ebpf/programs.h"
#include "modules/ebpf/syscall_waits.h"
#include "modules/symbols/folded.h"
#include "modules/symbols/unwind.h"

#include "denet.skel.h"
#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdlib.h>

enum { LISTED = 1000 /* rows in the exit record; the file has all */ };

/* A user stack that was unwound. */
struct unwound {
        uint32_t tgid, exec;
        uint64_t user;
        bool whole;
        char comm[16];
        struct dn_frames frames;
};

struct dn_ebpf_stacks {
        struct dn_symbols *symbols;
        struct dn_programs programs;
        struct dn_mappings *mappings; /* NULL: the kernel does not tell; maps are read when a stack comes */
        _Atomic uint64_t lost_mappings;
        struct unwound *unwound;
        uint32_t n_unwound, room;
        struct dn_text texts; /* of the rows: one after another, each ends in NUL */
};

struct dn_ebpf_stacks *dn_ebpf_stacks_free(struct dn_ebpf_stacks *s) {
        if (!s)
                return NULL;
        for (uint32_t i = 0; i < s->n_unwound; i++)
                dn_frames_free(&s->unwound[i].frames);
        dn_mappings_free(s->mappings);
        dn_programs_free(&s->programs);
        dn_symbols_free(s->symbols);
        dn_text_free(&s->texts);
        free(s->unwound);
        free(s);
        return NULL;
}

/* It takes CAP_PERFMON where kernel.perf_event_paranoid is above 2. */
static void listen(struct dn_ebpf_stacks *s, uint32_t pid, uint32_t n_processors) {
        struct dn_raised before = dn_raise();

        if (dn_mappings_open(&s->mappings, pid, n_processors) < 0)
                s->mappings = NULL;
        dn_lower(&before);
}

int dn_ebpf_stacks_new(const struct dn_ebpf *e, struct dn_ebpf_stacks **ret_stacks) {
        struct dn_ebpf_stacks *s = calloc(1, sizeof(*s));
        dn_autoclose int debug_root = open("/usr/lib/debug", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dn_symbols_settings settings = {.debug_root = debug_root};
        int r;

        if (!s)
                return -ENOMEM;
        r = dn_programs_init(&s->programs);
        if (r == 0)
                r = dn_symbols_new(&settings, &s->symbols);
        if (r < 0) {
                dn_ebpf_stacks_free(s);
                return r;
        }
        listen(s, (uint32_t)e->target->main.pid, e->n_processors);
        *ret_stacks = s;
        return 0;
}

/* --------------------------------------------------------------------------------------- as they come, in a thread */

static void hear(void *user, const struct dn_mapping_news *news) {
        struct dn_ebpf_stacks *s = user;

        dn_programs_hear(&s->programs, news);
}

void dn_ebpf_stacks_hear(struct dn_ebpf_stacks *s) {
        uint64_t lost = 0;

        if (s->mappings)
                (void)dn_mappings_take(s->mappings, hear, s, &lost);
        s->lost_mappings += lost;
}

uint64_t dn_ebpf_stacks_lost(const struct dn_ebpf_stacks *s) {
        return s->lost_mappings;
}

/* The kernel counts execs from anywhere; here the main process's first one is 1. */
static uint32_t exec_of(const struct dn_ebpf *e, uint32_t exec) {
        return exec - e->shared->first_exec + 1;
}

static struct dn_program *program_of(struct dn_ebpf_stacks *s, uint32_t tgid, uint32_t exec) {
        struct dn_program *p = dn_programs_find(&s->programs, tgid, exec);

        return p ? p : dn_programs_add(&s->programs, tgid, exec);
}

static struct unwound *new_unwound(struct dn_ebpf_stacks *s) {
        if (s->n_unwound == DN_BPF_STACKS)
                return NULL;
        if (s->n_unwound == s->room) {
                uint32_t room = s->room ? s->room * 2 : 64;
                struct unwound *list = realloc(s->unwound, room * sizeof(*list));

                if (!list)
                        return NULL;
                s->unwound = list;
                s->room = room;
        }
        s->unwound[s->n_unwound] = (struct unwound){0};
        return &s->unwound[s->n_unwound++];
}

void dn_ebpf_stacks_take(struct dn_ebpf *e, const struct dn_bpf_stack *stack) {
        struct dn_memory memory = {stack->start, {(const char *)stack->bytes, stack->size}};
        struct dn_ebpf_stacks *s = e->stacks;
        struct dn_stack addresses = {0};
        struct dn_registers registers;
        struct dn_program *p;
        struct unwound *u;

        dn_ebpf_stacks_hear(s);
        p = program_of(s, stack->tgid, exec_of(e, stack->exec));
        u = p ? new_unwound(s) : NULL;
        if (!u)
                return;
        u->tgid = stack->tgid;
        u->exec = stack->exec;
        u->user = stack->user;
        memcpy(u->comm, stack->comm, sizeof(u->comm));
        if (dn_registers_take((const uint64_t *)(const void *)stack->registers, stack->n_registers, &registers) == 0 &&
            dn_unwind(s->symbols, p->space, &registers, &memory, &addresses) == 0) {
                u->whole = addresses.whole;
                (void)dn_symbols_frames(s->symbols, p->space, &addresses, &u->frames);
        }
}

/* ------------------------------------------------------------------------------------------------------ at the end */

/* One of the maps' entries, with what its stacks are called. */
struct found {
        struct dn_bpf_stack_key key;
        struct dn_bpf_stack_sum sum;
};

static int by_time(const void *a, const void *b) {
        const struct found *x = a, *y = b;

        return x->sum.total_ns < y->sum.total_ns ? 1 : -(x->sum.total_ns > y->sum.total_ns);
}

static int by_count(const void *a, const void *b) {
        const struct found *x = a, *y = b;

        return x->sum.count < y->sum.count ? 1 : -(x->sum.count > y->sum.count);
}

/* The caller frees it. NULL without memory. */
static struct found *read_all(const struct dn_ebpf *e, uint32_t *ret_n) {
        struct found *list = malloc(DN_BPF_STACKS * sizeof(*list));
        int map = bpf_map__fd(e->programs->maps.stacks);
        const struct dn_bpf_stack_key *last = NULL;
        uint32_t n = 0;

        while (list && n < DN_BPF_STACKS && bpf_map_get_next_key(map, last, &list[n].key) == 0) {
                last = &list[n].key;
                if (bpf_map_lookup_elem(map, last, &list[n].sum) == 0)
                        n++;
                else
                        break;
        }
        *ret_n = n;
        return list;
}

static bool read_trace(const struct bpf_map *map, int32_t id, struct dn_stack *ret_stack) {
        uint64_t addresses[DN_BPF_STACK_DEPTH] = {0};
        uint32_t key = (uint32_t)id;

        *ret_stack = (struct dn_stack){0};
        if (id < 0 || bpf_map_lookup_elem(bpf_map__fd(map), &key, addresses) < 0)
                return false;
        for (uint32_t i = 0; i < DN_BPF_STACK_DEPTH && addresses[i]; i++)
                dn_stack_push(ret_stack, addresses[i], i == 0);
        return ret_stack->n > 0;
}

static int append(struct dn_frames *to, const struct dn_frames *from) {
        int r = 0;

        for (uint32_t i = 0; i < from->n && r == 0; i++) {
                struct dn_frame frame = from->list[i];

                frame.name = frame.name ? dn_frames_keep(to, dn_str_of(dn_frames_text(from, frame.name))) : 0;
                frame.file = frame.file ? dn_frames_keep(to, dn_str_of(dn_frames_text(from, frame.file))) : 0;
                frame.source = 0;
                r = dn_frames_add(to, &frame);
        }
        return r;
}

static int by_key(const void *a, const void *b) {
        const struct unwound *x = a, *y = b;

        if (x->user != y->user)
                return x->user < y->user ? -1 : 1;
        if (x->tgid != y->tgid)
                return x->tgid < y->tgid ? -1 : 1;
        return x->exec < y->exec ? -1 : x->exec > y->exec;
}

/* They are sorted by now. */
static const struct unwound *find_unwound(const struct dn_ebpf_stacks *s, const struct dn_bpf_stack_key *key) {
        const struct unwound wanted = {.tgid = key->tgid, .exec = key->exec, .user = key->user};

        return key->user && s->n_unwound > 0 ? bsearch(&wanted, s->unwound, s->n_unwound, sizeof(*s->unwound), by_key)
                                             : NULL;
}

/* What could not be unwound is as the frame pointers have it, and not whole. */
static int add_user(struct dn_ebpf *e, const struct dn_bpf_stack_key *key, struct dn_frames *frames, bool *ret_whole) {
        const struct unwound *u = find_unwound(e->stacks, key);
        struct dn_program *p = dn_programs_find(&e->stacks->programs, key->tgid, exec_of(e, key->exec));
        struct dn_stack stack;
        int r = 0;

        *ret_whole = u && u->whole;
        if (u && u->frames.n > 0)
                return append(frames, &u->frames);
        if (!read_trace(e->programs->maps.user_stacks, key->frames, &stack))
                return 0;
        if (p)
                return dn_symbols_frames(e->stacks->symbols, p->space, &stack, frames);
        for (uint32_t i = 0; i < stack.n && r == 0; i++) {
                struct dn_frame frame = {.kind = DN_FRAME_UNKNOWN, .address = stack.address[i]};

                r = dn_frames_add(frames, &frame);
        }
        return r;
}

/* Without the first ones, in which the kernel calls us: up to the scheduler's own. */
static void drop_ours(struct dn_frames *frames) {
        uint32_t ours = 0;

        for (uint32_t i = 0; i < frames->n && i < 8 && ours == 0; i++)
                if (strcmp(dn_frames_text(frames, frames->list[i].name), "__schedule") == 0)
                        ours = i + 1;
        frames->n -= ours;
        memmove(frames->list, frames->list + ours, frames->n * sizeof(*frames->list));
}

static int name_frames(struct dn_ebpf *e, const struct dn_bpf_stack_key *key, struct dn_frames *frames,
                       bool *ret_whole) {
        struct dn_stack kernel;
        int r = 0;

        dn_frames_reset(frames);
        if (read_trace(e->programs->maps.kernel_stacks, key->kernel, &kernel))
                r = dn_ebpf_name_kernel(e, e->stacks->symbols, &kernel, frames);
        if (frames->n > 0 && key->reason != DN_WAIT_ON_CPU)
                drop_ours(frames);
        return r < 0 ? r : add_user(e, key, frames, ret_whole);
}

static struct dn_str process_name(const struct dn_ebpf_stacks *s, const struct dn_bpf_stack_key *key, char text[32]) {
        const struct unwound *u = find_unwound(s, key);

        if (u)
                snprintf(text, 32, "%.16s", u->comm);
        else
                snprintf(text, 32, "%u", key->tgid);
        return dn_str_of(text);
}

/* The text of a row's frames: where it begins in the texts, since these may move yet. */
static size_t put_frames(struct dn_text *texts, const struct dn_frames *frames) {
        size_t from = texts->n;

        for (uint32_t i = 0; i < frames->n; i++) {
                if (i > 0)
                        dn_text_put_char(texts, '\n');
                dn_frame_put(texts, frames, &frames->list[i]);
        }
        dn_text_put_char(texts, '\0');
        return from;
}

static int put_row(struct dn_pass *pass, const struct found *f, size_t frames, bool whole) {
        struct dn_row *row = dn_block_add(pass->now->part, DN_STACK);
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        row->key = (struct dn_key){f->key.tgid, pass->now->part[DN_STACK].n};
        dn_row_set(row, DN_STACK_tid, f->key.tid, number);
        dn_row_set_text(row, DN_STACK_reason, dn_wait_name(f->key.reason), number);
        dn_row_set(row, DN_STACK_time_ns, (int64_t)f->sum.total_ns, number);
        dn_row_set(row, DN_STACK_count, (int64_t)f->sum.count, number);
        dn_row_set(row, DN_STACK_whole, whole, number);
        dn_row_set(row, DN_STACK_frames, (int64_t)frames, number);
        return 0;
}

/* Where each begins becomes a pointer, when all are there. */
static void place_texts(struct dn_ebpf_stacks *s, struct dn_pass *pass) {
        for (uint32_t i = 0; i < pass->now->part[DN_STACK].n; i++) {
                struct dn_row *row = dn_table_row(&pass->now->part[DN_STACK], i);

                dn_row_set_text(row, DN_STACK_frames, s->texts.p + dn_row_or_zero(row, DN_STACK_frames),
                                pass->now->number);
        }
}

/* Those of one kind: waits by microseconds, samples on a processor by count. */
static int write_kind(struct dn_ebpf *e, struct dn_pass *pass, const struct found *list, uint32_t n, bool on_cpu,
                      struct dn_folded *folded) {
        DN_GUARD(dn_frames_free) struct dn_frames frames = {0};
        uint32_t listed = 0;
        char name[32];
        int r = 0;

        for (uint32_t i = 0; i < n && r == 0; i++) {
                const struct found *f = &list[i];
                bool whole;

                if ((f->key.reason == DN_WAIT_ON_CPU) != on_cpu)
                        continue;
                r = name_frames(e, &f->key, &frames, &whole);
                if (r == 0 && !on_cpu && listed++ < LISTED)
                        r = put_row(pass, f, put_frames(&e->stacks->texts, &frames), whole);
                if (r == 0 && dn_folded_add(folded, process_name(e->stacks, &f->key, name), &frames, whole,
                                            on_cpu ? f->sum.count : f->sum.total_ns / 1000) == -ENOMEM)
                        r = -ENOMEM;
        }
        return r;
}

static int write_file(struct dn_ebpf *e, struct dn_pass *pass, const struct found *list, uint32_t n, bool on_cpu,
                      struct dn_text *why) {
        dn_autotext struct dn_text path = {0};
        struct dn_folded *folded;
        int r = dn_folded_new(0, &folded);

        if (r < 0)
                return r;
        dn_text_printf(&path, "%s%s", e->target->stacks, on_cpu ? ".oncpu" : "");
        r = write_kind(e, pass, list, n, on_cpu, folded);
        if (r == 0 && dn_text_cstr(&path)) {
                int written = dn_folded_write(folded, path.p);

                if (written < 0)
                        dn_text_printf(why, "%s: %s", path.p, strerror(-written));
        }
        dn_folded_free(folded);
        return r;
}

int dn_ebpf_stacks_write(struct dn_ebpf *e, struct dn_pass *pass, struct dn_text *why) {
        uint32_t n;
        struct found *list = read_all(e, &n);
        int r = list ? 0 : -ENOMEM;

        pass->now->part[DN_STACK].n = 0;
        if (e->stacks->n_unwound > 0)
                qsort(e->stacks->unwound, e->stacks->n_unwound, sizeof(*e->stacks->unwound), by_key);
        if (r == 0 && e->parts & DN_BPF_OFFCPU) {
                qsort(list, n, sizeof(*list), by_time);
                r = write_file(e, pass, list, n, false, why);
        }
        if (r == 0 && e->parts & DN_BPF_ONCPU) {
                qsort(list, n, sizeof(*list), by_count);
                r = write_file(e, pass, list, n, true, why);
        }
        free(list);
        if (r == 0 && e->stacks->texts.failed)
                r = -ENOMEM;
        if (r == 0)
                place_texts(e->stacks, pass);
        return r;
}
