/* SPDX-License-Identifier: GPL-3.0-or-later
 * named NAME MILLISECONDS [ARG…]: takes a name for itself (prctl), as any program may, and starts a child of that name
 * too. */
#include "truth.h"

#include <sys/prctl.h>

int main(int argc, char *argv[]) {
        int status;
        pid_t pid;

        if (argc < 3 || prctl(PR_SET_NAME, argv[1]) < 0)
                return 99;
        pid = fork();
        if (pid < 0)
                die("fork");
        sleep_ms(number_of(argv[2]));
        if (pid > 0 && waitpid(pid, &status, 0) < 0)
                die("waitpid");
        return 0;
}
