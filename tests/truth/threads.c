/* SPDX-License-Identifier: GPL-3.0-or-later
 * threads N: starts N threads that end at once, fifty at a time, and waits for each. */
#include <pthread.h>
#include <stdlib.h>

enum { AT_ONCE = 50 };

static void *end(void *nothing) {
        return nothing;
}

int main(int argc, char **argv) {
        long left = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

        while (left > 0) {
                int n = left < AT_ONCE ? (int)left : AT_ONCE;
                pthread_t threads[AT_ONCE];

                for (int i = 0; i < n; i++)
                        if (pthread_create(&threads[i], NULL, end, NULL) != 0)
                                return 1;
                for (int i = 0; i < n; i++)
                        pthread_join(threads[i], NULL);
                left -= n;
        }
        return 0;
}
