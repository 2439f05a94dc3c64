/* SPDX-License-Identifier: GPL-3.0-or-later
 * Time off the processors, by reason and by thread. */
#include "base/guard.h"
#include "modules/ebpf/ebpf.h"
#include "modules/ebpf/syscall_waits.h"
#include "modules/ebpf/waiters.h"

#include "denet.skel.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LISTED = 10 /* in samples; the exit record has all */ };

struct dn_ebpf_offcpu {
        const struct dn_bpf_waits *waits; /* mapped: DN_WAIT_REASONS for each processor */
        size_t size;
        uint64_t by_reason[DN_WAIT_REASONS]; /* ns */
        struct dn_bpf_waits all;
        struct dn_bpf_waiter *list; /* the longest first */
        uint32_t n, room;
};

void dn_ebpf_offcpu_close(struct dn_ebpf *e) {
        struct dn_ebpf_offcpu *o = e->offcpu;

        if (!o)
                return;
        if (o->waits)
                munmap((void *)(uintptr_t)o->waits, o->size);
        free(o->list);
        free(o);
        e->offcpu = NULL;
}

int dn_ebpf_offcpu_open(struct dn_ebpf *e) {
        struct dn_ebpf_offcpu *o = calloc(1, sizeof(*o));
        void *waits;

        if (!o)
                return -ENOMEM;
        e->offcpu = o;
        o->size = sizeof(struct dn_bpf_waits) * DN_WAIT_REASONS * e->n_processors;
        waits = mmap(NULL, o->size, PROT_READ, MAP_SHARED, bpf_map__fd(e->programs->maps.waits), 0);
        if (waits == MAP_FAILED)
                return -ENOMEM;
        o->waits = waits;
        return 0;
}

static void merge(struct dn_bpf_waits *to, const struct dn_bpf_waits *from) {
        to->total_ns += from->total_ns;
        to->count += from->count;
        if (from->max_ns > to->max_ns)
                to->max_ns = from->max_ns;
        if (from->count > 0 && (to->min_ns == 0 || from->min_ns < to->min_ns))
                to->min_ns = from->min_ns;
}

static struct dn_bpf_waiter *next_place(struct dn_ebpf_offcpu *o) {
        if (o->n + DN_WAITERS_ENDED >= o->room) {
                uint32_t room = o->room ? o->room * 2 : DN_WAITERS_ENDED + 256;
                struct dn_bpf_waiter *list = realloc(o->list, room * sizeof(*list));

                if (!list)
                        return NULL;
                o->list = list;
                o->room = room;
        }
        return &o->list[o->n];
}

/* What is settled: taken before who is off now is listed, so that a wait that ends meanwhile is in neither. */
static void add_settled(struct dn_ebpf *e, struct dn_bpf_waits settled[DN_WAIT_REASONS]) {
        for (uint32_t cpu = 0; cpu < e->n_processors; cpu++)
                for (uint32_t reason = 0; reason < DN_WAIT_REASONS; reason++)
                        merge(&settled[reason], &e->offcpu->waits[cpu * DN_WAIT_REASONS + reason]);
}

/* Waiters out of what was read so far; returns how many bytes of it they were, or -ENOMEM. */
static ssize_t take_living(struct dn_ebpf_offcpu *o, const char *bytes, size_t n) {
        size_t at = 0;

        for (; at + sizeof(struct dn_bpf_waiter) <= n; at += sizeof(struct dn_bpf_waiter)) {
                struct dn_bpf_waiter *place = next_place(o);

                if (!place)
                        return -ENOMEM;
                memcpy(place, bytes + at, sizeof(*place));
                o->n++;
        }
        return (ssize_t)at;
}

/* Those that have ended, then those that live, from the iterator: who ends meanwhile is in one of the two at most.
 * -errno: what was so last stands. */
static int list_all(struct dn_ebpf *e) {
        struct dn_ebpf_offcpu *o = e->offcpu;
        dn_autoclose int fd = bpf_iter_create(bpf_link__fd(e->programs->links.list_waits));
        char buffer[64 * sizeof(struct dn_bpf_waiter)];
        size_t kept = 0;
        ssize_t n;

        if (fd < 0)
                return fd;
        o->n = 0;
        if (!next_place(o))
                return -ENOMEM;
        o->n = dn_waiters_copy(&e->waiters, o->list, 0);
        e->shared->still = 0;
        memset(e->shared->still_ns, 0, sizeof(e->shared->still_ns));
        do {
                n = read(fd, buffer + kept, sizeof(buffer) - kept);
                if (n > 0) {
                        ssize_t taken = take_living(o, buffer, kept + (size_t)n);

                        if (taken < 0)
                                return (int)taken;
                        kept = kept + (size_t)n - (size_t)taken;
                        memmove(buffer, buffer + taken, kept);
                }
        } while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
        if (n < 0)
                return -errno;
        dn_waiters_sort(o->list, o->n);
        return 0;
}

/* No sum falls: what was in neither the last time comes with the next. */
static void add_up(struct dn_ebpf *e, const struct dn_bpf_waits settled[DN_WAIT_REASONS]) {
        struct dn_ebpf_offcpu *o = e->offcpu;

        o->all = (struct dn_bpf_waits){.count = e->shared->still};
        for (uint32_t reason = 0; reason < DN_WAIT_REASONS; reason++) {
                uint64_t total_ns = settled[reason].total_ns + e->shared->still_ns[reason];

                if (total_ns > o->by_reason[reason])
                        o->by_reason[reason] = total_ns;
                o->all.total_ns += o->by_reason[reason];
                o->all.count += settled[reason].count;
        }
        for (uint32_t i = 0; i < o->n; i++) {
                const struct dn_bpf_waits *w = &o->list[i].waits;

                if (w->max_ns > o->all.max_ns)
                        o->all.max_ns = w->max_ns;
                if (w->min_ns > 0 && (o->all.min_ns == 0 || w->min_ns < o->all.min_ns))
                        o->all.min_ns = w->min_ns;
        }
}

static int put_all(struct dn_ebpf *e, struct dn_pass *pass) {
        struct dn_row *row = dn_block_row(pass->now->part, DN_OFFCPU);
        const struct dn_bpf_waits *all = &e->offcpu->all;
        uint32_t number = pass->now->number;

        if (!row)
                return -ENOMEM;
        dn_row_set(row, DN_OFFCPU_total_time_ns, (int64_t)all->total_ns, number);
        dn_row_set(row, DN_OFFCPU_total_events, (int64_t)all->count, number);
        dn_row_set(row, DN_OFFCPU_max_time_ns, (int64_t)all->max_ns, number);
        if (all->count > 0) {
                dn_row_set(row, DN_OFFCPU_avg_time_ns, (int64_t)(all->total_ns / all->count), number);
                dn_row_set(row, DN_OFFCPU_min_time_ns, (int64_t)all->min_ns, number);
        }
        dn_row_set(row, DN_OFFCPU_unlisted_threads, (int64_t)(e->shared->unlisted + e->waiters.dropped), number);
        return 0;
}

static int put_reasons(struct dn_ebpf *e, struct dn_pass *pass) {
        static const int fields[DN_WAIT_REASONS] = {
                [DN_WAIT_RUN_QUEUE] = DN_OFFCPU_REASONS_run_queue,
                [DN_WAIT_DISK] = DN_OFFCPU_REASONS_disk,
                [DN_WAIT_NETWORK] = DN_OFFCPU_REASONS_network,
                [DN_WAIT_UNIX_SOCKET] = DN_OFFCPU_REASONS_unix_socket,
                [DN_WAIT_PIPE] = DN_OFFCPU_REASONS_pipe,
                [DN_WAIT_TTY] = DN_OFFCPU_REASONS_tty,
                [DN_WAIT_FILE] = DN_OFFCPU_REASONS_file,
                [DN_WAIT_POLL] = DN_OFFCPU_REASONS_poll,
                [DN_WAIT_LOCK] = DN_OFFCPU_REASONS_lock,
                [DN_WAIT_SLEEP] = DN_OFFCPU_REASONS_sleep,
                [DN_WAIT_CHILD] = DN_OFFCPU_REASONS_child,
                [DN_WAIT_SIGNAL] = DN_OFFCPU_REASONS_signal,
                [DN_WAIT_IPC] = DN_OFFCPU_REASONS_ipc,
                [DN_WAIT_IO_URING] = DN_OFFCPU_REASONS_io_uring,
                [DN_WAIT_PAGE_FAULT] = DN_OFFCPU_REASONS_page_fault,
                [DN_WAIT_STOPPED] = DN_OFFCPU_REASONS_stopped,
                [DN_WAIT_KERNEL_LOCK] = DN_OFFCPU_REASONS_kernel_lock,
                [DN_WAIT_OTHER] = DN_OFFCPU_REASONS_other,
        };
        struct dn_row *row = dn_block_row(pass->now->part, DN_OFFCPU_REASONS);

        if (!row)
                return -ENOMEM;
        for (int reason = 0; reason < DN_WAIT_REASONS; reason++)
                dn_row_set(row, fields[reason], (int64_t)e->offcpu->by_reason[reason], pass->now->number);
        return 0;
}

static int put_top(struct dn_ebpf *e, struct dn_pass *pass) {
        const struct dn_ebpf_offcpu *o = e->offcpu;
        uint32_t number = pass->now->number;
        const int64_t hundred_percent = 10000;

        pass->now->part[DN_BLOCKING_THREAD].n = 0;
        for (uint32_t i = 0; i < o->n && i < LISTED; i++) {
                const struct dn_bpf_waiter *w = &o->list[i];
                struct dn_row *row = dn_block_add(pass->now->part, DN_BLOCKING_THREAD);
                __int128 share = (__int128)w->waits.total_ns * hundred_percent;

                if (!row)
                        return -ENOMEM;
                row->key = (struct dn_key){w->tgid, w->tid};
                dn_row_set(row, DN_BLOCKING_THREAD_tid, w->tid, number);
                dn_row_set(row, DN_BLOCKING_THREAD_time_ms, (int64_t)(w->waits.total_ns / 1000), number);
                if (o->all.total_ns > 0)
                        dn_row_set(row, DN_BLOCKING_THREAD_percentage, (int64_t)(share / o->all.total_ns), number);
        }
        return 0;
}

static int put_threads(struct dn_ebpf *e, struct dn_pass *pass) {
        const struct dn_ebpf_offcpu *o = e->offcpu;
        uint32_t n = pass->final || o->n < LISTED ? o->n : LISTED, number = pass->now->number;

        pass->now->part[DN_THREAD_STAT].n = 0;
        for (uint32_t i = 0; i < n; i++) {
                const struct dn_bpf_waiter *w = &o->list[i];
                struct dn_row *row = dn_block_add(pass->now->part, DN_THREAD_STAT);

                if (!row)
                        return -ENOMEM;
                row->key = (struct dn_key){w->tgid, (uint64_t)w->tid + 1};
                dn_row_set(row, DN_THREAD_STAT_tid, w->tid, number);
                dn_row_set(row, DN_THREAD_STAT_total_time_ns, (int64_t)w->waits.total_ns, number);
                dn_row_set(row, DN_THREAD_STAT_count, (int64_t)w->waits.count, number);
                if (w->waits.count > 0)
                        dn_row_set(row, DN_THREAD_STAT_avg_time_ns, (int64_t)(w->waits.total_ns / w->waits.count),
                                   number);
                dn_row_set(row, DN_THREAD_STAT_max_time_ns, (int64_t)w->waits.max_ns, number);
                dn_row_set(row, DN_THREAD_STAT_min_time_ns, (int64_t)w->waits.min_ns, number);
        }
        return 0;
}

int dn_ebpf_offcpu_read(struct dn_ebpf *e, struct dn_pass *pass) {
        struct dn_bpf_waits settled[DN_WAIT_REASONS] = {0};
        int r;

        add_settled(e, settled);
        r = list_all(e);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        add_up(e, settled);
        r = put_all(e, pass);
        if (r == 0)
                r = put_reasons(e, pass);
        if (r == 0)
                r = put_top(e, pass);
        return r < 0 ? r : put_threads(e, pass);
}
