/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/kill.h"
#include "host/spawn_child.linux.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* valgrind ends a program that clones with its memory shared. */
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* As in linux/sched.h, the first 88 bytes; not every libc's headers have them. */
struct clone3 {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
                cgroup;
};
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef SYS_clone3
#define SYS_clone3 435 /* of every architecture */
#endif

#if defined(__x86_64__)
/* libc has no call for it that runs a function on another stack. The child comes out of the system call with the
 * registers of its parent, but for the stack's, and never returns. */
static pid_t clone3_to(struct clone3 *args, struct dn_spawn_plan *plan) {
        register struct dn_spawn_plan *r8 __asm__("r8") = plan;
        register int (*r9)(void *) __asm__("r9") = dn_spawn_child;
        long result;

        __asm__ volatile("syscall\n\t"
                         "testq %%rax, %%rax\n\t"
                         "jnz 1f\n\t"
                         "xorl %%ebp, %%ebp\n\t"
                         "movq %%r8, %%rdi\n\t"
                         "callq *%%r9\n\t"
                         "hlt\n"
                         "1:"
                         : "=a"(result)
                         : "a"((long)SYS_clone3), "D"(args), "S"(sizeof(*args)), "r"(r8), "r"(r9)
                         : "rcx", "r11", "memory");
        return (pid_t)result;
}
static const bool can_share_in_cgroup = true;
#else
static pid_t clone3_to(struct clone3 *args, struct dn_spawn_plan *plan) {
        long result = syscall(SYS_clone3, args, sizeof(*args));

        if (result == 0)
                _exit(dn_spawn_child(plan));
        return result < 0 ? -errno : (pid_t)result;
}
static const bool can_share_in_cgroup = false;
#endif

/* -1 where the kernel, a seccomp filter or the cgroup does not let it be. */
static pid_t start_in_cgroup(struct dn_spawn_plan *plan, void *stack, int *ret_pidfd) {
        int pidfd = -1;
        struct clone3 args = {
                .flags = CLONE_PIDFD | CLONE_INTO_CGROUP | CLONE_CLEAR_SIGHAND,
                .pidfd = (uintptr_t)&pidfd,
                .exit_signal = SIGCHLD,
                .cgroup = (uint64_t)plan->cgroup,
        };
        pid_t pid;

        if (RUNNING_ON_VALGRIND)
                return -1;
        if (can_share_in_cgroup) {
                args.flags |= CLONE_VM;
                args.stack = (uintptr_t)stack;
                args.stack_size = DN_SPAWN_STACK_SIZE;
        }
        plan->handlers_cleared = true;
        pid = clone3_to(&args, plan);
        if (pid < 0) {
                plan->handlers_cleared = false;
                return -1;
        }
        *ret_pidfd = pidfd;
        return pid;
}

/* Clones with the memory shared where that is possible, so that the size of this process costs nothing; the child
 * runs on a stack of its own. */
static pid_t start(struct dn_spawn_plan *plan, void *stack, int *ret_pidfd) {
        const int flags = CLONE_VM | CLONE_PIDFD | SIGCHLD;
        pid_t pid = -1;

        if (dn_spawn_can_share && !RUNNING_ON_VALGRIND)
                pid = clone(dn_spawn_child, (char *)stack + DN_SPAWN_STACK_SIZE, flags, plan, ret_pidfd);
        if (pid < 0) {
                pid = fork();
                if (pid == 0)
                        _exit(dn_spawn_child(plan));
                *ret_pidfd = pid < 0 ? -1 : dn_pidfd_open(pid);
        }
        return pid;
}

pid_t dn_spawn_clone(struct dn_spawn_plan *plan, void *stack, int *ret_pidfd, bool *ret_in_cgroup) {
        pid_t pid = plan->cgroup < 0 ? -1 : start_in_cgroup(plan, stack, ret_pidfd);

        *ret_in_cgroup = pid >= 0;
        if (pid < 0)
                pid = start(plan, stack, ret_pidfd);
        return pid < 0 ? -errno : pid;
}
