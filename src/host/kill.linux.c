/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/kill.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

int dn_pidfd_open(int64_t pid) {
        long fd = pid > 0 && pid == (pid_t)pid ? syscall(SYS_pidfd_open, (pid_t)pid, 0) : (errno = ESRCH, -1);

        /* A number that is a thread's, no process's, is EINVAL or ENOENT, by the kernel's age. */
        if (fd < 0)
                return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
        return (int)fd; /* always close-on-exec */
}

int dn_kill(int pidfd, int number) {
        return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) < 0 ? -errno : 0;
}
