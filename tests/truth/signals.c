/* SPDX-License-Identifier: GPL-3.0-or-later
 * signals LOG HOW: logs "ready", then the number of each signal that comes, a line each. HOW
 *     die     some time after the first signal it ends by that signal, as if it had not been caught
 *     exit    or with status 3
 *     stay    or not at all */
#include "truth.h"

static volatile sig_atomic_t seen[65], last;

static void note(int number) {
        seen[number]++;
        if (number != SIGTSTP && number != SIGCONT)
                last = number;
}

int main(int argc, char *argv[]) {
        static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT};
        struct sigaction action = {.sa_handler = note};
        int logged[65] = {0}, log, waits = 0;

        if (argc < 3)
                return 99;
        log = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (log < 0)
                die(argv[1]);
        for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
                sigaction(caught[i], &action, NULL);
        dprintf(log, "ready\n");
        for (;;) {
                sleep_ms(10);
                for (int i = 1; i < 65; i++)
                        for (; logged[i] < seen[i]; logged[i]++)
                                dprintf(log, "%d\n", i);
                if (last == 0 || strcmp(argv[2], "stay") == 0 || ++waits < 40)
                        continue;
                if (strcmp(argv[2], "exit") == 0)
                        return 3;
                signal(last, SIG_DFL);
                raise(last);
        }
}
