/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sampler: one look of the kernel's side at all tasks, and what it says of the tree's processes. */
#include "base/guard.h"
#include "host/raised.h"
#include "modules/ebpf/ebpf.h"
#include "modules/ebpf/object.h"
#include "modules/ebpf/process_state.h"

#include "denet.skel.h"
#include "sampler.skel.h"
#include <bpf/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct dn_ebpf_sampler {
        struct dn_sampler offered; /* first: the one is the other */
        struct dn_ebpf *e;
        struct dn_object *object;
        struct dn_bpf_sampler *programs;   /* of it */
        struct bpf_link *link;             /* theirs, of that one that is loaded */
        const struct dn_bpf_place *places; /* mapped: DN_BPF_PLACES */
        struct dn_bpf_process *processes;  /* said by the last look */
        size_t room;
        uint64_t tick_ns, page_bytes;
        bool failed; /* the last look was not read to its end: what it said is to be said again */
};

static const struct dn_ebpf_sampler *of(const struct dn_sampler *s) {
        return (const struct dn_ebpf_sampler *)(const void *)s;
}

enum { PIECE = 160 }; /* as many as one reading brings: the kernel has 32 KB for it */

static int reserve(struct dn_ebpf_sampler *s) {
        struct dn_bpf_process *processes;
        size_t room;

        if (s->room - s->offered.n >= PIECE)
                return 0;
        room = s->room ? s->room * 2 : PIECE;
        processes = realloc(s->processes, room * sizeof(*processes));
        if (!processes)
                return -ENOMEM;
        s->processes = processes;
        s->room = room;
        return 0;
}

/* A first look says all, and those after it little as a rule. */
static void give_back(struct dn_ebpf_sampler *s) {
        enum { FEW = 4 };
        size_t room = s->offered.n > PIECE ? s->offered.n : PIECE;
        struct dn_bpf_process *processes;

        if (s->room / FEW < room)
                return;
        processes = realloc(s->processes, room * sizeof(*processes));
        if (!processes)
                return;
        s->processes = processes;
        s->room = room;
}

/* Walked by itself, the program says when it has said all; else the file ends. */
static int read_all(struct dn_ebpf_sampler *s) {
        const struct dn_bpf_sampling *sampling = &s->programs->bss->sampling;
        dn_autoclose int fd = bpf_iter_create(bpf_link__fd(s->link));
        char *to;
        ssize_t n;

        if (fd < 0)
                return fd;
        for (size_t size = 0;;) {
                s->offered.n = (uint32_t)(size / sizeof(*s->processes));
                if (reserve(s) < 0)
                        return -ENOMEM;
                to = (char *)s->processes + size;
                n = read(fd, to, s->room * sizeof(*s->processes) - size);
                if (n == 0)
                        return size % sizeof(*s->processes) == 0 ? 0 : -EBADMSG;
                if (n < 0 && errno != EINTR && errno != EAGAIN)
                        return -errno;
                size += n > 0 ? (size_t)n : 0;
                if (sampling->done && size == sampling->records * sizeof(*s->processes)) {
                        s->offered.n = sampling->records;
                        return 0;
                }
        }
}

static int look(struct dn_sampler *offered, bool all) {
        struct dn_ebpf_sampler *s = (struct dn_ebpf_sampler *)(void *)offered;
        struct dn_bpf_sampling *sampling = &s->programs->bss->sampling;
        struct dn_raised before = {0};
        int r;

        sampling->look++;
        sampling->records = 0;
        sampling->done = 0;
        sampling->all = all || s->failed;
        s->offered.n = 0;
        if (s->e->raise_to_read)
                before = dn_raise();
        r = read_all(s);
        dn_lower(&before);
        give_back(s);
        s->failed = r < 0;
        s->offered.fresh = all;
        for (uint32_t i = 0; i < s->offered.n && !s->offered.fresh; i++)
                s->offered.fresh = s->processes[i].fresh;
        return r;
}

static void get(const struct dn_sampler *offered, uint32_t i, struct dn_process_seen *ret_seen) {
        const struct dn_ebpf_sampler *s = of(offered);
        const struct dn_bpf_process *p = &s->processes[i];
        uint64_t all_ns = p->user_ns + p->system_ns;
        /* The kernel's estimate of how it splits, scaled to the exact time: as stat has it. */
        uint64_t system_ns = all_ns > 0 ? (uint64_t)((__uint128_t)p->runtime_ns * p->system_ns / all_ns) : 0;

        ret_seen->pid = p->pid;
        ret_seen->clock_ns = (int64_t)p->runtime_ns;
        ret_seen->read_ns = (int64_t)p->read_ns;
        ret_seen->stat = (struct dn_stat){
                .comm_size = (uint8_t)strnlen(p->comm, sizeof(p->comm)),
                .state = dn_process_state(p->state, p->exit_state),
                .ppid = p->parent,
                .flags = p->flags,
                .minflt = p->minor_faults,
                .majflt = p->major_faults,
                .cminflt = p->reaped_minor_faults,
                .cmajflt = p->reaped_major_faults,
                .utime_ticks = (p->runtime_ns - system_ns) / s->tick_ns,
                .stime_ticks = system_ns / s->tick_ns,
                .cutime_ticks = p->reaped_user_ns / s->tick_ns,
                .cstime_ticks = p->reaped_system_ns / s->tick_ns,
                .num_threads = p->threads,
                .start_ticks = p->start_ns / s->tick_ns,
                .vsize_bytes = p->total_pages * s->page_bytes,
                .rss_pages = p->resident_pages,
                .startstack = p->start_stack,
                .processor = p->processor,
        };
        memcpy(ret_seen->stat.comm, p->comm, ret_seen->stat.comm_size);
        ret_seen->io = (struct dn_io){
                .rchar = p->read_chars,
                .wchar = p->written_chars,
                .syscr = p->read_calls,
                .syscw = p->write_calls,
                .read_bytes = p->read_bytes,
                .write_bytes = p->written_bytes,
                .cancelled_write_bytes = p->cancelled_bytes,
        };
}

static enum dn_seen find(const struct dn_sampler *offered, int64_t pid, uint32_t *ret_i) {
        const struct dn_ebpf_sampler *s = of(offered);
        const struct dn_bpf_place *place = &s->places[pid % DN_BPF_PLACES];

        if (place->turn != pid / DN_BPF_PLACES || place->look != s->programs->bss->sampling.look)
                return DN_NOT_SEEN;
        if (place->record == 0)
                return DN_HAS_SLEPT;
        if (place->record > s->offered.n)
                return DN_NOT_SEEN;
        *ret_i = place->record - 1;
        return DN_HAS_RUN;
}

static bool misses(const struct dn_sampler *offered) {
        const struct dn_ebpf_sampler *s = of(offered);

        return s->e->shared->lost > 0 || s->programs->bss->sampling.listed >= DN_BPF_LISTED;
}

static struct bpf_object_skeleton *open_skeleton(const struct bpf_object_open_opts *options, void **ret_programs) {
        struct dn_bpf_sampler *programs = dn_bpf_sampler__open_opts(options);

        *ret_programs = programs;
        return programs ? programs->skeleton : NULL;
}

/* Members are those of the other object: its map says who. */
static int open_programs(struct dn_ebpf_sampler *s) {
        void *programs;
        int r;

        s->object = dn_object_free(s->object);
        r = dn_object_open(&s->object, open_skeleton, &programs);
        if (r < 0)
                return r;
        s->programs = programs;
        return bpf_map__reuse_fd(s->programs->maps.threads, bpf_map__fd(s->e->programs->maps.threads));
}

/* The program that walks the kernel's list itself, or the one that the kernel calls for each task. */
static int attach(struct dn_ebpf_sampler *s, bool walks) {
        struct dn_bpf_sampler *programs = s->programs;
        int r;

        bpf_program__set_autoattach(programs->progs.sample_listed, false);
        bpf_program__set_autoload(programs->progs.sample_listed, walks);
        bpf_program__set_autoload(programs->progs.sample, !walks);
        r = dn_object_load(s->object);
        if (r == 0 && walks)
                r = dn_object_attach_to_map(programs->progs.sample_listed, programs->maps.listed,
                                            &programs->links.sample_listed);
        s->link = walks ? programs->links.sample_listed : programs->links.sample;
        return r;
}

static int load(struct dn_ebpf_sampler *s) {
        struct dn_raised before = dn_raise();
        int r = open_programs(s);
        bool walks =
                r == 0 && bpf_program__autoload(s->programs->progs.sample_listed); /* the kernel has what it calls */

        if (r == 0)
                r = attach(s, walks);
        if (r < 0 && walks && (r = open_programs(s)) == 0)
                r = attach(s, false);
        if (r == 0)
                s->programs->bss->sampling.level = s->e->shared->level;
        dn_lower(&before);
        return r;
}

static int map_places(struct dn_ebpf_sampler *s) {
        void *places = mmap(NULL, sizeof(*s->places) * DN_BPF_PLACES, PROT_READ, MAP_SHARED,
                            bpf_map__fd(s->programs->maps.places), 0);

        if (places == MAP_FAILED)
                return -ENOMEM;
        s->places = places;
        return 0;
}

static void sampler_free(struct dn_ebpf_sampler *s) {
        if (s->places)
                munmap((void *)(uintptr_t)s->places, sizeof(*s->places) * DN_BPF_PLACES);
        dn_object_free(s->object);
        free(s->processes);
        free(s);
}

void dn_ebpf_sampler_load(struct dn_ebpf *e) {
        struct dn_ebpf_sampler *s = calloc(1, sizeof(*s));
        long hz = sysconf(_SC_CLK_TCK);

        e->sampler_error = -ENOMEM;
        if (!s)
                return;
        s->e = e;
        e->sampler_error = load(s);
        if (e->sampler_error == 0)
                e->sampler_error = map_places(s);
        if (e->sampler_error < 0) {
                sampler_free(s);
                return;
        }
        s->offered = (struct dn_sampler){.look = look, .get = get, .find = find, .misses = misses};
        s->offered.sleepers_first = s->link == s->programs->links.sample_listed;
        s->tick_ns = 1000000000 / (uint64_t)(hz > 0 ? hz : 100);
        s->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
        e->sampler = s;
}

void dn_ebpf_sampler_offer(struct dn_ebpf *e) {
        e->target->sampler = &e->sampler->offered;
}

void dn_ebpf_sampler_close(struct dn_ebpf *e) {
        if (!e->sampler)
                return;
        e->target->sampler = NULL;
        sampler_free(e->sampler);
        e->sampler = NULL;
}
