/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

struct dn_worker {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool busy, stopping;
        bool left; /* by the caller: the thread frees it */
        void (*round)(void *job), (*end)(void *job);
        void *job;
};

static void destroy(struct dn_worker *w) {
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->changed);
        free(w);
}

static void *work(void *user) {
        struct dn_worker *w = user;
        bool left;

        pthread_mutex_lock(&w->lock);
        for (;;) {
                while (!w->busy && !w->stopping)
                        pthread_cond_wait(&w->changed, &w->lock);
                if (w->stopping)
                        break;
                pthread_mutex_unlock(&w->lock);
                w->round(w->job);
                pthread_mutex_lock(&w->lock);
                w->busy = false;
                pthread_cond_broadcast(&w->changed);
        }
        /* A round that had not begun yet is none. */
        w->busy = false;
        pthread_cond_broadcast(&w->changed);
        left = w->left;
        pthread_mutex_unlock(&w->lock);
        if (left) {
                w->end(w->job);
                destroy(w);
        }
        return NULL;
}

static int start_thread(struct dn_worker *w) {
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&w->thread, NULL, work, w);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return -r;
}

int dn_worker_start(struct dn_worker **ret_worker, void (*round)(void *job), void (*end)(void *job), void *job) {
        struct dn_worker *w = calloc(1, sizeof(*w));
        pthread_condattr_t attr;
        int r;

        if (!w)
                return -ENOMEM;
        *w = (struct dn_worker){.round = round, .end = end, .job = job};
        pthread_mutex_init(&w->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&w->changed, &attr);
        pthread_condattr_destroy(&attr);
        r = start_thread(w);
        if (r < 0) {
                destroy(w);
                return r;
        }
        *ret_worker = w;
        return 0;
}

bool dn_worker_is_idle(struct dn_worker *w) {
        bool idle;

        pthread_mutex_lock(&w->lock);
        idle = !w->busy;
        pthread_mutex_unlock(&w->lock);
        return idle;
}

void dn_worker_go(struct dn_worker *w) {
        pthread_mutex_lock(&w->lock);
        w->busy = true;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
}

static struct timespec after_ms(int ms) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += ms / 1000;
        t.tv_nsec += ms % 1000 * 1000000L;
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        return t;
}

/* With the lock. */
static bool wait_locked(struct dn_worker *w, int timeout_ms) {
        struct timespec until = after_ms(timeout_ms);
        int r = 0;

        while (w->busy && r == 0)
                r = pthread_cond_timedwait(&w->changed, &w->lock, &until);
        return !w->busy;
}

bool dn_worker_wait(struct dn_worker *w, int timeout_ms) {
        bool idle;

        pthread_mutex_lock(&w->lock);
        idle = wait_locked(w, timeout_ms);
        pthread_mutex_unlock(&w->lock);
        return idle;
}

void dn_worker_stop(struct dn_worker *w, int timeout_ms) {
        pthread_mutex_lock(&w->lock);
        w->stopping = true;
        pthread_cond_broadcast(&w->changed);
        w->left = !wait_locked(w, timeout_ms);
        if (w->left) {
                pthread_detach(w->thread);
                pthread_mutex_unlock(&w->lock);
                return;
        }
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        w->end(w->job);
        destroy(w);
}
