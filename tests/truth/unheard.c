/* SPDX-License-Identifier: GPL-3.0-or-later
 * unheard COUNT MILLISECONDS: stops its parent, starts COUNT children, one after another, which sleep so long and end,
 * and lets the parent go on. */
#include "truth.h"

int main(int argc, char **argv) {
        uint64_t count, ms;
        int failures = 0;

        if (argc < 3)
                return 99;
        count = number_of(argv[1]);
        ms = number_of(argv[2]);
        kill(getppid(), SIGSTOP);
        for (uint64_t i = 0; i < count; i++) {
                pid_t child = fork();

                if (child == 0) {
                        sleep_ms(ms);
                        _exit(0);
                }
                failures += child < 0 || waitpid(child, NULL, 0) != child;
        }
        kill(getppid(), SIGCONT);
        return failures != 0;
}
