/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/spawn_child.linux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The child may share the parent's memory, errno included, and the parent goes on: so the child makes its system calls
 * without libc. Elsewhere it is forked, and may use what it likes. */
#if defined(__x86_64__)
const bool dn_spawn_can_share = true;
static inline long raw(long n, long a, long b, long c, long d) {
        register long r10 __asm__("r10") = d;
        long result;

        __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
        return result;
}
#elif defined(__aarch64__)
const bool dn_spawn_can_share = true;
static inline long raw(long n, long a, long b, long c, long d) {
        register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                         x3 __asm__("x3") = d, x4 __asm__("x4") = 0;

        __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
        return x0;
}
#else
const bool dn_spawn_can_share = false;
static inline long raw(long n, long a, long b, long c, long d) {
        long result = syscall(n, a, b, c, d, 0);

        return result < 0 ? -errno : result;
}
#endif

#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread")))

IN_CHILD static void fail(const struct dn_spawn_plan *plan, long error) {
        int code = (int)-error;

        raw(SYS_write, plan->report, (long)&code, sizeof(code), 0);
        raw(SYS_exit_group, 127, 0, 0, 0);
}

/* Until the parent says go; if it says nothing and is gone, so is this. */
IN_CHILD static void wait_for_release(const struct dn_spawn_plan *plan) {
        struct pollfd hold = {.fd = plan->hold, .events = POLLIN};

        raw(SYS_close, plan->hold_parent_end, 0, 0, 0);
        for (;;) {
                long n = raw(SYS_ppoll, (long)&hold, 1, 0, 0);

                if (n > 0 && (hold.revents & POLLHUP))
                        raw(SYS_exit_group, 127, 0, 0, 0);
                if (n > 0)
                        return;
        }
}

/* What the parent catches would run its handlers here between the unblocking and the exec. The kernel's own structure
 * begins with the handler, which is 1 for SIG_IGN. */
IN_CHILD static void reset_handlers(const struct dn_spawn_plan *plan) {
        for (int number = 1; number <= 64; number++) {
                uintptr_t before[8] = {0}, action[8] = {plan->ignored >> (number - 1) & 1};
                bool set = action[0] || (plan->defaulted >> (number - 1) & 1);

                if (!set && plan->handlers_cleared)
                        continue;
                if (set || (raw(SYS_rt_sigaction, number, 0, (long)before, 8) == 0 && before[0] > 1))
                        raw(SYS_rt_sigaction, number, (long)action, 0, 8);
        }
}

/* A shell takes a file for text, and runs it, when there is no NUL in its first line. */
IN_CHILD static bool is_text(const char *path) {
        long fd = raw(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0), n;
        char start[80] = "";

        n = fd < 0 ? -1 : raw(SYS_read, fd, (long)start, sizeof(start), 0);
        if (fd >= 0)
                raw(SYS_close, fd, 0, 0, 0);
        for (long i = 0; i < n && start[i] != '\n'; i++)
                if (start[i] == '\0')
                        return false;
        return n >= 0;
}

IN_CHILD static void take_stdio(const struct dn_spawn_plan *plan) {
        for (int i = 0; i < 3; i++) {
                long result;

                if (plan->stdio[i] < 0)
                        continue;
                result =
                        plan->stdio[i] == i ? raw(SYS_fcntl, i, F_SETFD, 0, 0) : raw(SYS_dup3, plan->stdio[i], i, 0, 0);
                if (result < 0 && plan->stdio[i] != i) /* one that is closed here stays so */
                        fail(plan, result);
        }
}

/* What is named by a path is that file or nothing; any other name stands in one of the directories of PATH. */
IN_CHILD static bool is_path(const char *name) {
        while (*name && *name != '/')
                name++;
        return *name;
}

IN_CHILD int dn_spawn_child(void *argument) {
        const struct dn_spawn_plan *plan = argument;
        long error, worst = -ENOENT;

        wait_for_release(plan);
        reset_handlers(plan);
        take_stdio(plan);
        if (plan->cwd && (error = raw(SYS_chdir, (long)plan->cwd, 0, 0, 0)) < 0)
                fail(plan, error);
        if (plan->limit)
                raw(SYS_prlimit64, 0, RLIMIT_NOFILE, (long)&plan->nofile, 0);
        raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&plan->mask, 0, 8);
        for (char **path = plan->paths; *path; path++) {
                error = raw(SYS_execve, (long)*path, (long)plan->argv, (long)plan->env, 0);
                if (error == -ENOEXEC && is_text(*path)) {
                        plan->shell_argv[1] = *path;
                        error = raw(SYS_execve, (long)"/bin/sh", (long)plan->shell_argv, (long)plan->env, 0);
                }
                /* A later directory of PATH may have it; that it was there and not to be run is worth more than that
                 * it was nowhere. A file that stands in PATH as a directory is passed over, as shells do. */
                if (error != -ENOENT && (error != -ENOTDIR || is_path(plan->argv[0])))
                        worst = error;
                if (error != -ENOENT && error != -ENOTDIR && error != -EACCES)
                        break;
        }
        fail(plan, worst);
        return 127;
}
