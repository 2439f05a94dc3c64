/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int dn_process_become_subreaper(void) {
        return prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ? -errno : 0;
}

uint64_t dn_process_raise_descriptors(void) {
        struct rlimit limit;
        rlim_t before;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
                return 0;
        before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? 0 : before;
}

void dn_process_fill_stdio(void) {
        int fd;

        do
                fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        while (fd >= 0 && fd <= 2);
        if (fd > 2)
                close(fd);
}
