/* SPDX-License-Identifier: GPL-3.0-or-later
 * older BYTES MILLISECONDS: starts a child under a number below its own, two ticks later, and ends. After that time the
 * child writes so many bytes. 77: such numbers are not given out here. */
#include "truth.h"

#include <linux/sched.h>
#include <sys/syscall.h>

int main(int argc, char *argv[]) {
        static char bytes[1 << 16];
        pid_t number = getpid();
        struct clone_args clone = {.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1};
        long pid = -1;
        int fd;

        if (argc < 3)
                return 99;
        sleep_ms(20);
        do
                number--;
        while (number > 1 && (pid = syscall(SYS_clone3, &clone, sizeof(clone))) < 0 && errno == EEXIST);
        if (pid != 0)
                return pid < 0 ? 77 : 0;
        sleep_ms(number_of(argv[2]));
        fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, bytes, number_of(argv[1])) < 0)
                die("write");
        return 0;
}
