/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/process.h"
#include "base/file.h"
#include "base/guard.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

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

void dn_process_who(int64_t pid, struct dn_text *text) {
        char path[48], comm[64];
        const struct passwd *user;
        struct stat st;
        int n;

        snprintf(path, sizeof(path), "/proc/%lld", (long long)pid);
        if (stat(path, &st) < 0)
                return;
        snprintf(path, sizeof(path), "/proc/%lld/comm", (long long)pid);
        n = dn_file_read(AT_FDCWD, path, comm, sizeof(comm));
        if (n > 0) {
                dn_text_put(text, dn_str_trim((struct dn_str){comm, (size_t)n}));
                dn_text_put(text, DN_STR(", "));
        }
        user = getpwuid(st.st_uid);
        if (user)
                dn_text_printf(text, "user %s", user->pw_name);
        else
                dn_text_printf(text, "user %u", (unsigned)st.st_uid);
}

bool dn_process_unseen(int64_t pid) {
        char path[48];

        snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
        return pid <= INT32_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM) && access(path, R_OK) < 0;
}
