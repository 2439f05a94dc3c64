/* SPDX-License-Identifier: GPL-3.0-or-later
 * Preloaded: what valgrind (3.27) does not know. pidfd_send_signal is done by kill(2), and what a batch of a BPF map's
 * values fills in is said to be filled in. What the program starts has none of this. */
#include <errno.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <valgrind/memcheck.h>

/* Valgrind's own launcher goes on with it. */
__attribute__((constructor)) static void begin(void) {
        const char *preloaded = getenv("LD_PRELOAD");

        if (preloaded && strstr(preloaded, "vgpreload"))
                unsetenv("LD_PRELOAD");
}

/* -1: it has been waited for. 0: this is no pidfd. */
static int pid_of(long pidfd) {
        char path[64], line[128];
        int pid = 0;
        FILE *f;

        snprintf(path, sizeof(path), "/proc/self/fdinfo/%ld", pidfd);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f))
                if (sscanf(line, "Pid: %d", &pid) == 1)
                        break;
        if (f)
                fclose(f);
        return pid;
}

static long send_signal(long pidfd, long signal) {
        int pid = pid_of(pidfd);

        if (pid <= 0) {
                errno = pid < 0 ? ESRCH : EBADF;
                return -1;
        }
        return kill(pid, (int)signal);
}

static long pass(long number, const long a[6]) {
        register long r10 __asm__("r10") = a[3];
        register long r8 __asm__("r8") = a[4];
        register long r9 __asm__("r9") = a[5];
        long r;

        __asm__ volatile("syscall"
                         : "=a"(r)
                         : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                         : "rcx", "r11", "memory");
        if (r >= 0 || r < -4095)
                return r;
        errno = (int)-r;
        return -1;
}

static void define_batch(const union bpf_attr *a) {
        struct bpf_map_info info = {0};
        union bpf_attr ask = {.info = {.bpf_fd = a->batch.map_fd, .info_len = sizeof(info), .info = (uintptr_t)&info}};
        const long arguments[6] = {BPF_OBJ_GET_INFO_BY_FD, (long)&ask, sizeof(ask)};

        if (pass(SYS_bpf, arguments) < 0)
                return;
        VALGRIND_MAKE_MEM_DEFINED(&info, sizeof(info));
        VALGRIND_MAKE_MEM_DEFINED(a->batch.keys, (size_t)a->batch.count * info.key_size);
        VALGRIND_MAKE_MEM_DEFINED(a->batch.values, (size_t)a->batch.count * info.value_size);
}

__attribute__((visibility("default"))) long syscall(long number, ...) {
        va_list rest;
        long a[6], r;

        va_start(rest, number);
        for (int i = 0; i < 6; i++)
                a[i] = va_arg(rest, long);
        va_end(rest);
        if (number == SYS_pidfd_send_signal)
                return send_signal(a[0], a[1]);
        r = pass(number, a);
        if (number == SYS_bpf && a[0] == BPF_MAP_LOOKUP_BATCH)
                define_batch((const union bpf_attr *)a[1]);
        return r;
}
