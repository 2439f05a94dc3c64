/* SPDX-License-Identifier: GPL-3.0-or-later
 * Loading in a thread of its own, with a bound: the command is held meanwhile, and whatever becomes of a bpf(2) that
 * does not return (a filter that asks somebody, a kernel that is short of memory), it is not to be held for ever. */
#include "modules/ebpf/ebpf.h"
#include "modules/ebpf/stay_loaded.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { PATIENCE_S = 5 };

struct loading {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        pthread_t thread;
        struct dn_ebpf *e;
        struct dn_target target; /* as it was: the session's own may be gone */
        struct dn_text why;
        int result;
        bool done, abandoned;
};

static void loading_free(struct loading *l) {
        pthread_mutex_destroy(&l->lock);
        pthread_cond_destroy(&l->changed);
        dn_text_free(&l->why);
        free(l);
}

static void *load(void *argument) {
        struct loading *l = argument;
        bool abandoned;

        l->result = dn_ebpf_load(l->e, &l->why);
        pthread_mutex_lock(&l->lock);
        l->done = true;
        abandoned = l->abandoned;
        pthread_cond_signal(&l->changed);
        pthread_mutex_unlock(&l->lock);
        if (abandoned) {
                dn_ebpf_unload(l->e);
                free(l->e);
                loading_free(l);
        }
        return NULL;
}

/* True: it is done, and the thread has ended: not a line of it runs when this module is closed. */
static bool wait_for(struct loading *l) {
        struct timespec until;
        pthread_t thread = l->thread;
        bool done;
        int r = 0;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += PATIENCE_S;
        pthread_mutex_lock(&l->lock);
        while (!l->done && r == 0)
                r = pthread_cond_timedwait(&l->changed, &l->lock, &until);
        done = l->done;
        l->abandoned = !done;
        pthread_mutex_unlock(&l->lock);
        if (done)
                pthread_join(thread, NULL);
        else
                pthread_detach(thread);
        return done;
}

static int start(struct loading *l) {
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

int dn_ebpf_load_bounded(struct dn_ebpf **e, struct dn_text *why) {
        struct dn_target *target = (*e)->target;
        struct loading *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        l->e = *e;
        l->target = *target;
        l->e->target = &l->target;
        r = start(l);
        if (r == 0 && !wait_for(l)) {
                dn_stay_loaded(); /* the thread goes on in this module's code */
                *e = NULL;
                dn_text_printf(why, "bpf(2) does not return, for %d s so far", PATIENCE_S);
                return -ETIMEDOUT;
        }
        (*e)->target = target;
        if (r == 0) {
                r = l->result;
                dn_text_put(why, dn_text_str(&l->why));
        }
        loading_free(l);
        return r;
}
