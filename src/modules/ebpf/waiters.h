/* SPDX-License-Identifier: GPL-3.0-or-later
 * Threads by how long they waited: those that have ended are kept, the longest of them, as they are told of; those that
 * live are listed anew each time. Safe between threads. */
#pragma once
#include "bpf/abi.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { DN_WAITERS_ENDED = 4096 };

struct dn_waiters {
        pthread_mutex_t lock;
        struct dn_bpf_waiter *ended; /* up to DN_WAITERS_ENDED */
        uint32_t n_ended;
        uint32_t least; /* of those that are kept, when there is no room for more */
        uint64_t dropped;
};

int dn_waiters_init(struct dn_waiters *w); /* 0 or -ENOMEM */
void dn_waiters_free(struct dn_waiters *w);
void dn_waiters_end(struct dn_waiters *w, const struct dn_bpf_waiter *waiter);
/* Copies those that have ended behind n in the list, which has room for DN_WAITERS_ENDED more; returns how many there
 * are in all. */
uint32_t dn_waiters_copy(struct dn_waiters *w, struct dn_bpf_waiter *list, uint32_t n);
/* The longest first. */
void dn_waiters_sort(struct dn_bpf_waiter *list, uint32_t n);
