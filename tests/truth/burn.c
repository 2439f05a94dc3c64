/* SPDX-License-Identifier: GPL-3.0-or-later
 * burn MILLISECONDS [THREADS [leader-ends]]: each thread uses so much CPU time, by its own clock. With leader-ends the
 * main thread ends at once and leaves the others. */
#include "truth.h"

#include <pthread.h>

static void *burn(void *us) {
        burn_us(*(uint64_t *)us);
        return NULL;
}

int main(int argc, char *argv[]) {
        static uint64_t us;
        uint64_t threads = argc > 2 ? number_of(argv[2]) : 1;
        bool leader_ends = argc > 3 && strcmp(argv[3], "leader-ends") == 0;
        pthread_t ids[64];

        if (argc < 2 || threads == 0 || threads > 64)
                return 99;
        us = number_of(argv[1]) * 1000;
        if (threads == 1 && !leader_ends) {
                burn_us(us);
                return 0;
        }
        for (uint64_t i = 0; i < threads; i++)
                if (pthread_create(&ids[i], NULL, burn, &us) != 0)
                        die("pthread_create");
        if (leader_ends)
                pthread_exit(NULL);
        for (uint64_t i = 0; i < threads; i++)
                pthread_join(ids[i], NULL);
        return 0;
}
