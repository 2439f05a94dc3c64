/* SPDX-License-Identifier: GPL-3.0-or-later
 * A program whose file has capabilities: what it keeps of them, and what the loader took from its environment. */
#include "base/file.h"
#include "base/guard.h"
#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

/* Without rights in force nobody gains by reading our memory, and without the mark the kernel would hide our own files
 * in /proc from us. Whoever would trace us has to have what is permitted to us, mark or not (ptrace(2)). */
int dn_process_lay_down_rights(void) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

        if (!getauxval(AT_SECURE))
                return 0;
        if (syscall(SYS_capget, &header, sets) < 0)
                return -errno;
        sets[0].effective = sets[1].effective = sets[0].permitted = 0;
        sets[1].permitted &= 1U << (CAP_PERFMON - 32) | 1U << (CAP_BPF - 32);
        if (syscall(SYS_capset, &header, sets) < 0)
                return -errno;
        (void)prctl(PR_SET_DUMPABLE, 1);
        return 0;
}

/* Where the kernel put the environment: the 50th and 51st field of /proc/self/stat, and 47 stand before them behind
 * the name. */
static struct dn_str given_environment(void) {
        enum { BEFORE = 47 };
        char buffer[1024];
        int n = dn_file_read(AT_FDCWD, "/proc/self/stat", buffer, sizeof(buffer));
        const char *name_end = n > 0 ? memrchr(buffer, ')', (size_t)n) : NULL;
        struct dn_str rest = {name_end ? name_end + 1 : buffer, name_end ? (size_t)(buffer + n - name_end - 1) : 0},
                      word;
        int64_t start = 0, end = 0;

        for (int i = 0; i < BEFORE; i++)
                if (!dn_str_word(&rest, &word))
                        return (struct dn_str){0};
        if (!dn_str_word(&rest, &word) || !dn_str_take_i64(&word, &start) || !dn_str_word(&rest, &word) ||
            !dn_str_take_i64(&word, &end) || start <= 0 || end < start)
                return (struct dn_str){0};
        return (struct dn_str){(const char *)(intptr_t)start, (size_t)(end - start)};
}

char **dn_process_environment(void) {
        struct dn_str all = getauxval(AT_SECURE) ? given_environment() : (struct dn_str){0};
        size_t n = 0;
        char **list;

        for (size_t i = 0; i < all.n; i++)
                n += all.p[i] == '\0';
        list = n > 0 ? (char **)calloc(n + 1, sizeof(*list)) : NULL;
        for (size_t i = 0; list && i < n; i++) {
                list[i] = (char *)(uintptr_t)all.p;
                all.p += strlen(all.p) + 1;
        }
        return list;
}
