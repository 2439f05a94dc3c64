/* SPDX-License-Identifier: GPL-3.0-or-later
 * release COUNT BYTES: COUNT children write BYTES each and sleep. Then they are let go one by one, the first to come
 * first, and each ends and is waited for by a parent that runs meanwhile. */
#include "truth.h"

enum { MOST = 4000 };

static pid_t pids[MOST];

static void write_once(int fd, uint64_t bytes) {
        char *block = calloc(1, bytes);

        if (!block || write(fd, block, bytes) != (ssize_t)bytes)
                die("write");
        free(block);
}

static void child(int null, int ready, uint64_t bytes, const sigset_t *told) {
        int number;

        write_once(null, bytes);
        write_once(ready, 1);
        _exit(sigwait(told, &number) != 0);
}

int main(int argc, char **argv) {
        uint64_t n = argc == 3 ? number_of(argv[1]) : 0, bytes = argc == 3 ? number_of(argv[2]) : 0;
        int null = open("/dev/null", O_WRONLY), ready[2], status;
        sigset_t told;
        char c;

        if (n == 0 || n > MOST || bytes == 0) {
                fprintf(stderr, "usage: release COUNT BYTES\n");
                return 99;
        }
        sigemptyset(&told);
        sigaddset(&told, SIGUSR1);
        sigprocmask(SIG_BLOCK, &told, NULL);
        if (null < 0 || pipe(ready) < 0)
                die("pipe");
        for (uint64_t i = 0; i < n; i++) {
                pids[i] = fork();
                if (pids[i] < 0)
                        die("fork");
                if (pids[i] == 0)
                        child(null, ready[1], bytes, &told);
        }
        for (uint64_t i = 0; i < n; i++)
                if (read(ready[0], &c, 1) != 1)
                        die("read");
        sleep_ms(100);
        for (uint64_t i = 0; i < n; i++) {
                if (kill(pids[i], SIGUSR1) < 0 || waitpid(pids[i], &status, 0) != pids[i] || status != 0)
                        die("a child");
                for (volatile int k = 0; k < 20000; k++)
                        ;
        }
        return 0;
}
