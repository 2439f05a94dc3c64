/* SPDX-License-Identifier: GPL-3.0-or-later
 * sleepers COUNT KIBIBYTES MILLISECONDS: so many children, each of which touches so much memory of its own and sleeps.
 * Once the last one has, it waits for so many milliseconds, and ends them. */
#include "truth.h"

#include <sys/prctl.h>

static void sleep_on(size_t size, int ready) {
        char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                _exit(99);
        memset(memory, 0x5a, size);
        if (write(ready, "", 1) != 1)
                _exit(99);
        for (;;)
                pause();
}

int main(int argc, char *argv[]) {
        uint64_t count;
        int ready[2];
        pid_t *pids;
        char byte;

        if (argc < 4 || pipe(ready) < 0)
                return 99;
        count = number_of(argv[1]);
        pids = calloc(count, sizeof(*pids));
        if (!pids)
                die("calloc");
        for (uint64_t i = 0; i < count; i++) {
                pids[i] = fork();
                if (pids[i] < 0)
                        die("fork");
                if (pids[i] == 0)
                        sleep_on((size_t)number_of(argv[2]) << 10, ready[1]);
        }
        for (uint64_t i = 0; i < count; i++)
                if (read(ready[0], &byte, 1) != 1)
                        die("read");
        sleep_ms(number_of(argv[3]));
        for (uint64_t i = 0; i < count; i++)
                kill(pids[i], SIGKILL);
        for (uint64_t i = 0; i < count; i++)
                waitpid(pids[i], NULL, 0);
        return 0;
}
