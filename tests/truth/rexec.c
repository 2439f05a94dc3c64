/* SPDX-License-Identifier: GPL-3.0-or-later
 * rexec TIMES BYTES: so many times executes itself from a thread that is not the first, which then takes the process
 * over, and writes so many bytes before each. */
#include "truth.h"

#include <pthread.h>

static char **words;

static void *execute(void *left) {
        words[1] = left;
        execv("/proc/self/exe", words);
        die("execv");
}

int main(int argc, char *argv[]) {
        static char bytes[1 << 16], left[32];
        uint64_t times;
        pthread_t thread;
        int fd;

        if (argc < 3)
                return 99;
        words = argv;
        times = number_of(argv[1]);
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, bytes, number_of(argv[2])) < 0)
                die("write");
        if (times <= 1)
                return 0;
        snprintf(left, sizeof(left), "%llu", (unsigned long long)times - 1);
        if (pthread_create(&thread, NULL, execute, left) != 0)
                return 99;
        pthread_join(thread, NULL);
        return 98;
}
