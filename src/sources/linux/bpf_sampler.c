/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/bpf_sampler.h"
#include "base/guard.h"
#include "bpf/abi.h"
#include "host/raised.h"
#include "sources/linux/process_state.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct mapped {
        void *at;
        size_t size;
};

struct bpf_sampler {
        struct dn_sampler offered; /* first: the one is the other */
        int link;
        bool raise_to_read;
        struct mapped sampling_map, shared_map, places_map;
        struct dn_bpf_sampling *sampling;
        const struct dn_bpf_shared *shared;
        const struct dn_bpf_place *places;
        struct dn_bpf_process *processes; /* said by the last look */
        size_t room;
        uint64_t tick_ns, page_bytes;
        bool failed; /* the last look was not read to its end: what it said is to be said again */
};

static const struct bpf_sampler *of(const struct dn_sampler *s) {
        return (const struct bpf_sampler *)(const void *)s;
}

enum { PIECE = 160 }; /* as many as one reading brings: the kernel has 32 KB for it */

static int reserve(struct bpf_sampler *s) {
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
static void give_back(struct bpf_sampler *s) {
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

static int make_iterator(int link) {
        union bpf_attr attr;
        long fd;

        memset(&attr, 0, sizeof(attr)); /* what stands behind the part in use has to be zero, too */
        attr.iter_create.link_fd = (uint32_t)link;
        fd = syscall(SYS_bpf, BPF_ITER_CREATE, &attr, sizeof(attr));
        return fd < 0 ? -errno : (int)fd;
}

/* Walked by itself, the program says when it has said all; else the file ends. */
static int read_all(struct bpf_sampler *s) {
        dn_autoclose int fd = make_iterator(s->link);
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
                if (s->sampling->done && size == s->sampling->records * sizeof(*s->processes)) {
                        s->offered.n = s->sampling->records;
                        return 0;
                }
        }
}

static int look(struct dn_sampler *offered, bool all) {
        struct bpf_sampler *s = (struct bpf_sampler *)(void *)offered;
        struct dn_raised before = {0};
        int r;

        s->sampling->look++;
        s->sampling->records = 0;
        s->sampling->done = 0;
        s->sampling->all = all || s->failed;
        s->offered.n = 0;
        if (s->raise_to_read)
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
        const struct bpf_sampler *s = of(offered);
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
        const struct bpf_sampler *s = of(offered);
        const struct dn_bpf_place *place = &s->places[pid % DN_BPF_PLACES];

        if (place->turn != pid / DN_BPF_PLACES || place->look != s->sampling->look)
                return DN_NOT_SEEN;
        if (place->record == 0)
                return DN_HAS_SLEPT;
        if (place->record > s->offered.n)
                return DN_NOT_SEEN;
        *ret_i = place->record - 1;
        return DN_HAS_RUN;
}

static bool misses(const struct dn_sampler *offered) {
        const struct bpf_sampler *s = of(offered);

        return s->shared->lost > 0 || s->sampling->listed >= DN_BPF_LISTED;
}

/* A map whose only value has `value` bytes, or that has so many of them. */
static int map(struct mapped *m, int fd, size_t size, int protection) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);

        m->size = (size + page - 1) / page * page;
        m->at = mmap(NULL, m->size, protection, MAP_SHARED, fd, 0);
        if (m->at != MAP_FAILED)
                return 0;
        m->at = NULL;
        return -errno;
}

static void unmap(struct mapped *m) {
        if (m->at)
                munmap(m->at, m->size);
}

struct dn_sampler *dn_bpf_sampler_free(struct dn_sampler *offered) {
        struct bpf_sampler *s = (struct bpf_sampler *)(void *)offered;

        if (!s)
                return NULL;
        unmap(&s->sampling_map);
        unmap(&s->shared_map);
        unmap(&s->places_map);
        free(s->processes);
        free(s);
        return NULL;
}

static int map_all(struct bpf_sampler *s, const struct dn_bpf_side *side) {
        int r = map(&s->sampling_map, side->sampling, side->sampling_at + sizeof(*s->sampling), PROT_READ | PROT_WRITE);

        if (r == 0)
                r = map(&s->shared_map, side->shared, side->shared_at + sizeof(*s->shared), PROT_READ);
        if (r == 0)
                r = map(&s->places_map, side->places, sizeof(*s->places) * DN_BPF_PLACES, PROT_READ);
        if (r < 0)
                return r;
        s->sampling = (struct dn_bpf_sampling *)(void *)((char *)s->sampling_map.at + side->sampling_at);
        s->shared = (const struct dn_bpf_shared *)(const void *)((const char *)s->shared_map.at + side->shared_at);
        s->places = s->places_map.at;
        return 0;
}

int dn_bpf_sampler_new(struct dn_sampler **ret_sampler, const struct dn_bpf_side *side) {
        struct bpf_sampler *s = calloc(1, sizeof(*s));
        long hz = sysconf(_SC_CLK_TCK);
        int r = s ? map_all(s, side) : -ENOMEM;

        if (r < 0) {
                (void)dn_bpf_sampler_free(s ? &s->offered : NULL);
                return r;
        }
        s->link = side->look;
        s->raise_to_read = side->raise_to_read;
        s->tick_ns = 1000000000 / (uint64_t)(hz > 0 ? hz : 100);
        s->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
        s->offered = (struct dn_sampler){
                .sleepers_first = side->sleepers_first, .look = look, .get = get, .find = find, .misses = misses};
        *ret_sampler = &s->offered;
        return 0;
}
