/* SPDX-License-Identifier: GPL-3.0-or-later
 * Loading in a thread of its own. The command may be held meanwhile, so it has a bound: whatever becomes of a bpf(2)
 * that does not return (a filter that asks somebody, a kernel that is short of memory), it is not to be held for ever.
 * And what is loaded later on, for the sampler, is loaded while samples are taken; that thread then waits until all is
 * closed, for what it has read and written is told apart from what the tree has only as long as it lives. */
#include "modules/ebpf/ebpf.h"
#include "modules/ebpf/stay_loaded.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { PATIENCE_S = 5 };

struct dn_ebpf_loading {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        pthread_t thread;
        struct dn_ebpf *e;
        struct dn_target target; /* as it was: the session's own may be gone */
        struct dn_text why;
        int result;
        bool stays; /* until `over` */
        bool done, over, abandoned;
};

static void loading_free(struct dn_ebpf_loading *l) {
        pthread_mutex_destroy(&l->lock);
        pthread_cond_destroy(&l->changed);
        dn_text_free(&l->why);
        free(l);
}

static void *load(void *argument) {
        struct dn_ebpf_loading *l = argument;
        bool abandoned;

        l->result = dn_ebpf_load(l->e, &l->why);
        pthread_mutex_lock(&l->lock);
        l->done = true;
        pthread_cond_broadcast(&l->changed);
        while (l->stays && !l->over)
                pthread_cond_wait(&l->changed, &l->lock);
        abandoned = l->abandoned;
        pthread_mutex_unlock(&l->lock);
        if (abandoned) {
                dn_ebpf_unload(l->e);
                free(l->e);
                loading_free(l);
        }
        return NULL;
}

/* With the lock, which it gives up. True: it is done, and the thread has ended: not a line of it runs when this module
 * is closed. */
static bool join_or_detach(struct dn_ebpf_loading *l) {
        pthread_t thread = l->thread;
        bool done = l->done;

        if (!done)
                dn_stay_loaded(); /* the thread goes on in this module's code */
        l->abandoned = !done;
        l->over = true;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
        if (done)
                pthread_join(thread, NULL);
        else
                pthread_detach(thread);
        return done;
}

static bool wait_for(struct dn_ebpf_loading *l) {
        struct timespec until;
        int r = 0;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += PATIENCE_S;
        pthread_mutex_lock(&l->lock);
        while (!l->done && r == 0)
                r = pthread_cond_timedwait(&l->changed, &l->lock, &until);
        return join_or_detach(l);
}

static int start(struct dn_ebpf_loading *l) {
        pthread_condattr_t clock;
        sigset_t all, before;
        int r;

        pthread_mutex_init(&l->lock, NULL);
        pthread_condattr_init(&clock);
        pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
        pthread_cond_init(&l->changed, &clock);
        pthread_condattr_destroy(&clock);
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&l->thread, NULL, load, l);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return -r;
}

static int begin(struct dn_ebpf *e, bool stays, struct dn_ebpf_loading **ret_loading) {
        struct dn_target *target = e->target;
        struct dn_ebpf_loading *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->e = e;
        l->stays = stays;
        l->target = *target;
        e->target = &l->target;
        r = start(l);
        if (r < 0) {
                e->target = target;
                loading_free(l);
                return r;
        }
        *ret_loading = l;
        return 0;
}

/* What it came to; e is the caller's. */
static int take(struct dn_ebpf_loading *l, struct dn_target *target, struct dn_text *why) {
        l->e->target = target;
        l->e = NULL;
        dn_text_put(why, dn_text_str(&l->why));
        return l->result;
}

int dn_ebpf_load_begin(struct dn_ebpf *e, struct dn_ebpf_loading **ret_loading) {
        return begin(e, true, ret_loading);
}

int dn_ebpf_load_poll(struct dn_ebpf_loading *l, struct dn_target *target, struct dn_text *why) {
        bool done;

        pthread_mutex_lock(&l->lock);
        done = l->done;
        pthread_mutex_unlock(&l->lock);
        return done ? take(l, target, why) : -EAGAIN;
}

bool dn_ebpf_load_end(struct dn_ebpf_loading *l, struct dn_target *target) {
        pthread_mutex_lock(&l->lock);
        if (!join_or_detach(l))
                return false;
        if (l->e)
                l->e->target = target;
        loading_free(l);
        return true;
}

int dn_ebpf_load_bounded(struct dn_ebpf **e, struct dn_text *why) {
        struct dn_target *target = (*e)->target;
        struct dn_ebpf_loading *l;
        int r = begin(*e, false, &l);

        if (r < 0)
                return r;
        if (wait_for(l)) {
                r = take(l, target, why);
                loading_free(l);
                return r;
        }
        *e = NULL;
        dn_text_printf(why, "bpf(2) does not return, for %d s so far", PATIENCE_S);
        return -ETIMEDOUT;
}
