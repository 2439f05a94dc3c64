/* SPDX-License-Identifier: GPL-3.0-or-later
 * Preloaded: a program that has another thread, which does nothing, as a host of the library may. */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static void *rest(void *argument) {
        for (;;)
                pause();
        return argument;
}

__attribute__((constructor)) static void start(void) {
        sigset_t all, before;
        pthread_t thread;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        (void)pthread_create(&thread, NULL, rest, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
}
