/* SPDX-License-Identifier: GPL-3.0-or-later
 * calls COUNT [THREADS]: makes COUNT getppid calls in all, COUNT / THREADS in each thread, by the bare system call. */
#include "truth.h"

#include <pthread.h>
#include <sys/syscall.h>

static uint64_t each;

static void *call(void *nothing) {
        for (uint64_t i = 0; i < each; i++)
                syscall(SYS_getppid);
        return nothing;
}

int main(int argc, char **argv) {
        uint64_t n_threads = argc > 2 ? number_of(argv[2]) : 1;
        pthread_t threads[64];

        if (argc < 2 || n_threads == 0 || n_threads > 64) {
                fprintf(stderr, "usage: calls COUNT [THREADS]\n");
                return 99;
        }
        each = number_of(argv[1]) / n_threads;
        for (uint64_t i = 1; i < n_threads; i++)
                if (pthread_create(&threads[i], NULL, call, NULL) != 0)
                        die("pthread_create");
        call(NULL);
        for (uint64_t i = 1; i < n_threads; i++)
                pthread_join(threads[i], NULL);
        return 0;
}
