/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/events.h"
#include "host/clock.h"
#include "modules/ebpf/stacks.h"

#include "denet.skel.h"
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { IDLE_MS = 50, END_PATIENCE_MS = 2000 /* for stacks that wait to be unwound at the end */ };

struct dn_ebpf_events {
        struct ring_buffer *ring;
        pthread_t thread;
        bool threaded;
        int stop;                 /* an eventfd: the thread is to end */
        _Atomic int64_t until_ns; /* 0, or from when on stacks are left out: it is to end now */
};

static bool is_late(struct dn_ebpf_events *events) {
        int64_t until_ns = atomic_load(&events->until_ns);

        return until_ns > 0 && dn_clock_mono_ns() > until_ns;
}

static int take_one(void *user, void *data, size_t size) {
        struct dn_ebpf *e = user;
        uint32_t kind = 0;

        if (size >= sizeof(kind))
                memcpy(&kind, data, sizeof(kind));
        if (kind == DN_BPF_EVENT_WAITER && size >= sizeof(struct dn_bpf_waiter))
                dn_waiters_end(&e->waiters, data);
        else if (kind == DN_BPF_EVENT_STACK && size >= sizeof(struct dn_bpf_stack) && e->stacks && !is_late(e->events))
                dn_ebpf_stacks_take(e, data);
        return 0;
}

static void *run(void *user) {
        struct dn_ebpf *e = user;
        struct dn_ebpf_events *events = e->events;
        struct pollfd fds[] = {{.fd = ring_buffer__epoll_fd(events->ring), .events = POLLIN},
                               {.fd = events->stop, .events = POLLIN}};

        /* Threads that end wake nobody: they are looked for now and then. */
        do {
                if (poll(fds, 2, IDLE_MS) < 0 && errno != EINTR)
                        break;
                (void)ring_buffer__consume(events->ring);
                dn_ebpf_stacks_hear(e->stacks);
        } while (!(fds[1].revents & POLLIN));
        return NULL;
}

static int start(struct dn_ebpf *e) {
        sigset_t all, before;
        int r;

        e->events->stop = eventfd(0, EFD_CLOEXEC);
        if (e->events->stop < 0)
                return -errno;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = -pthread_create(&e->events->thread, NULL, run, e);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        e->events->threaded = r == 0;
        return r;
}

int dn_ebpf_events_open(struct dn_ebpf *e) {
        int r = dn_waiters_init(&e->waiters);

        if (r < 0)
                return r;
        e->events = calloc(1, sizeof(*e->events));
        if (!e->events)
                return -ENOMEM;
        e->events->stop = -1;
        e->events->ring = ring_buffer__new(bpf_map__fd(e->programs->maps.events), take_one, e, NULL);
        if (!e->events->ring)
                return -errno;
        return e->stacks ? start(e) : 0;
}

void dn_ebpf_events_take(struct dn_ebpf *e) {
        if (e->events && !e->events->threaded)
                (void)ring_buffer__consume(e->events->ring);
}

void dn_ebpf_events_finish(struct dn_ebpf *e) {
        const uint64_t one = 1;

        if (!e->events || !e->events->threaded)
                return;
        atomic_store(&e->events->until_ns, dn_clock_mono_ns() + END_PATIENCE_MS * INT64_C(1000000));
        (void)!write(e->events->stop, &one, sizeof(one));
        pthread_join(e->events->thread, NULL);
        e->events->threaded = false;
}

void dn_ebpf_events_close(struct dn_ebpf *e) {
        dn_ebpf_events_finish(e);
        if (e->events) {
                ring_buffer__free(e->events->ring);
                if (e->events->stop >= 0)
                        close(e->events->stop);
        }
        free(e->events);
        e->events = NULL;
        dn_waiters_free(&e->waiters);
}
