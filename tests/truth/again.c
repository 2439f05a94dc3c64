/* SPDX-License-Identifier: GPL-3.0-or-later
 * again CODE: ends with this code; once it was waited for, an orphan that it leaves has its number, and ends with one
 * more. 77: such numbers are not given out here. */
#include "truth.h"

#include <linux/sched.h>
#include <sys/syscall.h>

int main(int argc, char *argv[]) {
        pid_t number = getpid();
        struct clone_args clone = {.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1};
        long pid = -1;

        if (argc < 2)
                return 99;
        if (syscall(SYS_clone3, &clone, sizeof(clone)) < 0 && errno != EEXIST)
                return 77;
        if (fork() > 0)
                return (int)number_of(argv[1]);
        for (int i = 0; i < 5000 && pid < 0; i++, sleep_ms(1))
                pid = syscall(SYS_clone3, &clone, sizeof(clone));
        if (pid == 0) {
                sleep_ms(100); /* until it is an orphan too */
                return (int)number_of(argv[1]) + 1;
        }
        return 0;
}
