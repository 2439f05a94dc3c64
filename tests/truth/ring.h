/* SPDX-License-Identifier: GPL-3.0-or-later
 * One call at a time through io_uring, by the bare system calls. */
#pragma once
#include "truth.h"

#include <linux/io_uring.h>
#include <sys/syscall.h>

struct ring {
        int fd;
        struct io_uring_params params;
        unsigned char *rings;
        struct io_uring_sqe *entries;
};

static inline struct ring *ring_open(void) {
        static struct ring ring;
        size_t size;

        ring.fd = (int)syscall(SYS_io_uring_setup, 1, &ring.params);
        if (ring.fd < 0)
                die("io_uring_setup");
        size = ring.params.cq_off.cqes + ring.params.cq_entries * sizeof(struct io_uring_cqe);
        ring.rings = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
        ring.entries = mmap(NULL, ring.params.sq_entries * sizeof(*ring.entries), PROT_READ | PROT_WRITE, MAP_SHARED,
                            ring.fd, IORING_OFF_SQES);
        if (ring.rings == MAP_FAILED || ring.entries == MAP_FAILED)
                die("mmap");
        return &ring;
}

static inline uint32_t *ring_number(struct ring *ring, uint32_t place) {
        return (uint32_t *)(void *)(ring->rings + place);
}

/* What the call returns. by_worker: a thread of the kernel's does it. */
static inline ssize_t ring_call(struct ring *ring, uint8_t call, int fd, void *buffer, size_t n, bool by_worker) {
        uint32_t tail = *ring_number(ring, ring->params.sq_off.tail),
                 head = *ring_number(ring, ring->params.cq_off.head);
        struct io_uring_cqe *done = (struct io_uring_cqe *)(void *)(ring->rings + ring->params.cq_off.cqes);

        ring->entries[0] = (struct io_uring_sqe){.opcode = call,
                                                 .fd = fd,
                                                 .addr = (uint64_t)(uintptr_t)buffer,
                                                 .len = (uint32_t)n,
                                                 .off = call == IORING_OP_READ ? (uint64_t)-1 : 0};
        if (by_worker)
                ring->entries[0].flags = IOSQE_ASYNC;
        ring_number(ring, ring->params.sq_off.array)[tail & (ring->params.sq_entries - 1)] = 0;
        __atomic_store_n(ring_number(ring, ring->params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
        if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
                die("io_uring_enter");
        while (__atomic_load_n(ring_number(ring, ring->params.cq_off.tail), __ATOMIC_ACQUIRE) == head)
                ;
        done += head & (ring->params.cq_entries - 1);
        __atomic_store_n(ring_number(ring, ring->params.cq_off.head), head + 1, __ATOMIC_RELEASE);
        return done->res;
}
