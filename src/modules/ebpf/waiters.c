/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/waiters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int dn_waiters_init(struct dn_waiters *w) {
        *w = (struct dn_waiters){0};
        w->ended = malloc(DN_WAITERS_ENDED * sizeof(*w->ended));
        if (!w->ended)
                return -ENOMEM;
        pthread_mutex_init(&w->lock, NULL);
        return 0;
}

void dn_waiters_free(struct dn_waiters *w) {
        if (w->ended)
                pthread_mutex_destroy(&w->lock);
        free(w->ended);
        *w = (struct dn_waiters){0};
}

static uint32_t find_least(const struct dn_waiters *w) {
        uint32_t least = 0;

        for (uint32_t i = 1; i < w->n_ended; i++)
                if (w->ended[i].waits.total_ns < w->ended[least].waits.total_ns)
                        least = i;
        return least;
}

void dn_waiters_end(struct dn_waiters *w, const struct dn_bpf_waiter *waiter) {
        pthread_mutex_lock(&w->lock);
        if (w->n_ended < DN_WAITERS_ENDED) {
                w->ended[w->n_ended++] = *waiter;
                if (w->n_ended == DN_WAITERS_ENDED)
                        w->least = find_least(w);
        } else {
                w->dropped++;
                if (waiter->waits.total_ns > w->ended[w->least].waits.total_ns) {
                        w->ended[w->least] = *waiter;
                        w->least = find_least(w);
                }
        }
        pthread_mutex_unlock(&w->lock);
}

uint32_t dn_waiters_copy(struct dn_waiters *w, struct dn_bpf_waiter *list, uint32_t n) {
        pthread_mutex_lock(&w->lock);
        memcpy(list + n, w->ended, w->n_ended * sizeof(*list));
        n += w->n_ended;
        pthread_mutex_unlock(&w->lock);
        return n;
}

static int by_time(const void *a, const void *b) {
        const struct dn_bpf_waiter *x = a, *y = b;

        if (x->waits.total_ns != y->waits.total_ns)
                return x->waits.total_ns < y->waits.total_ns ? 1 : -1;
        return x->tid < y->tid ? -1 : x->tid > y->tid;
}

void dn_waiters_sort(struct dn_bpf_waiter *list, uint32_t n) {
        qsort(list, n, sizeof(*list), by_time);
}
