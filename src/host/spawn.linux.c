/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/spawn.h"
#include "base/guard.h"
#include "host/kill.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* valgrind ends a program that clones with its memory shared. */
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* The child may share the parent's memory, errno included, and the parent goes on: so the child makes its system calls
 * without libc. Elsewhere it is forked, and may use what it likes. */
#if defined(__x86_64__)
static const bool can_share = true;
static inline long raw(long n, long a, long b, long c, long d) {
        register long r10 __asm__("r10") = d;
        long result;

        __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
        return result;
}
#elif defined(__aarch64__)
static const bool can_share = true;
static inline long raw(long n, long a, long b, long c, long d) {
        register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                         x3 __asm__("x3") = d, x4 __asm__("x4") = 0;

        __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
        return x0;
}
#else
static const bool can_share = false;
static inline long raw(long n, long a, long b, long c, long d) {
        long result = syscall(n, a, b, c, d, 0);

        return result < 0 ? -errno : result;
}
#endif

enum { STACK_SIZE = 64 * 1024 };

/* All that the child needs, put together before it exists. */
struct plan {
        char **paths; /* the files to try, NULL at the end */
        char *const *argv, *const *env;
        char **shell_argv; /* for a script without #!: sh, the path, the arguments */
        const char *cwd;
        int stdio[3]; /* -1: as it is */
        int hold, hold_parent_end, report;
        bool limit;
        struct rlimit nofile;
        uint64_t mask, ignored;
        int cgroup; /* -1: the caller's */
};

static void free_plan(struct plan *plan) {
        if (plan->paths)
                for (char **p = plan->paths; *p; p++)
                        free(*p);
        free((void *)plan->paths);
        free((void *)plan->shell_argv);
        free(plan);
}

/* ------------------------------------------------------------------------------------------------ in the child */

#define IN_CHILD __attribute__((no_sanitize("address", "undefined")))

IN_CHILD static void fail(const struct plan *plan, long error) {
        int code = (int)-error;

        raw(SYS_write, plan->report, (long)&code, sizeof(code), 0);
        raw(SYS_exit_group, 127, 0, 0, 0);
}

/* Until the parent says go; if it says nothing and is gone, so is this. */
IN_CHILD static void wait_for_release(const struct plan *plan) {
        struct pollfd hold = {.fd = plan->hold, .events = POLLIN};

        raw(SYS_close, plan->hold_parent_end, 0, 0, 0);
        for (;;) {
                long n = raw(SYS_ppoll, (long)&hold, 1, 0, 0);

                if (n > 0 && (hold.revents & POLLIN))
                        return;
                if (n > 0)
                        raw(SYS_exit_group, 127, 0, 0, 0);
        }
}

/* What the parent catches would run its handlers here between the unblocking and the exec. The kernel's own structure
 * begins with the handler, which is 1 for SIG_IGN. */
IN_CHILD static void reset_handlers(const struct plan *plan) {
        for (int number = 1; number <= 64; number++) {
                uintptr_t before[8] = {0}, action[8] = {plan->ignored >> (number - 1) & 1};

                if (action[0] || (raw(SYS_rt_sigaction, number, 0, (long)before, 8) == 0 && before[0] > 1))
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

IN_CHILD static void take_stdio(const struct plan *plan) {
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

IN_CHILD static int child_main(void *argument) {
        const struct plan *plan = argument;
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
                 * it was nowhere. */
                if (error != -ENOENT && error != -ENOTDIR)
                        worst = error;
                if (error != -ENOENT && error != -ENOTDIR && error != -EACCES)
                        break;
        }
        fail(plan, worst);
        return 127;
}

/* ----------------------------------------------------------------------------------------------- in the parent */

static const char *path_of(char *const *env) {
        static const char standard[] = "/bin:/usr/bin";

        for (char *const *e = env ? env : environ; e && *e; e++)
                if (strncmp(*e, "PATH=", 5) == 0)
                        return *e + 5;
        return standard;
}

/* Calls `take` for each file that the name may mean, until it says true. */
static bool each_path(const char *name, char *const *env, bool (*take)(void *user, char *path), void *user) {
        struct dn_str rest = dn_str_of(path_of(env)), directory;
        bool more = true;

        if (strchr(name, '/'))
                return take(user, strdup(name));
        while (more) {
                dn_autotext struct dn_text path = {0};
                const char *colon = rest.n ? memchr(rest.p, ':', rest.n) : NULL;

                directory = (struct dn_str){rest.p, colon ? (size_t)(colon - rest.p) : rest.n};
                more = colon != NULL;
                rest = colon ? (struct dn_str){colon + 1, rest.n - directory.n - 1} : rest;
                dn_text_put(&path, directory.n ? directory : DN_STR("."));
                dn_text_put_char(&path, '/');
                dn_text_put(&path, dn_str_of(name));
                if (take(user, dn_text_take(&path)))
                        return true;
        }
        return false;
}

struct path_list {
        char **paths;
        size_t n;
        bool failed;
};

static bool collect(void *user, char *path) {
        struct path_list *list = user;
        char **more = path ? realloc((void *)list->paths, (list->n + 2) * sizeof(char *)) : NULL;

        if (!more) {
                free(path);
                list->failed = true;
                return true;
        }
        more[list->n++] = path;
        more[list->n] = NULL;
        list->paths = more;
        return false;
}

static bool take_executable(void *user, char *path) {
        bool found = path && access(path, X_OK) == 0;

        if (found)
                dn_text_put(user, dn_str_of(path));
        free(path);
        return found;
}

bool dn_spawn_find(const char *name, char *const *env, struct dn_text *path) {
        return *name && each_path(name, env, take_executable, path);
}

static size_t count(char *const *list) {
        size_t n = 0;

        while (list[n])
                n++;
        return n;
}

static int plan_limit(struct plan *plan, uint64_t soft) {
        if (soft == 0)
                return 0;
        if (getrlimit(RLIMIT_NOFILE, &plan->nofile) < 0)
                return -errno;
        plan->nofile.rlim_cur = soft;
        plan->limit = true;
        return 0;
}

static int make_plan(const struct dn_spawn *s, struct plan **ret_plan) {
        struct plan *plan = calloc(1, sizeof(*plan));
        struct path_list list = {0};
        size_t n = count(s->argv);

        if (!plan)
                return -ENOMEM;
        plan->argv = s->argv;
        plan->env = s->env ? s->env : environ;
        plan->cwd = s->cwd;
        plan->ignored = s->ignored;
        plan->cgroup = s->cgroup ? *s->cgroup : -1;
        plan->shell_argv = (char **)calloc(n + 2, sizeof(char *));
        if (s->argv[0][0])
                each_path(s->argv[0], s->env, collect, &list);
        else
                list.paths = (char **)calloc(1, sizeof(char *));
        plan->paths = list.paths;
        if (list.failed || !plan->paths || !plan->shell_argv) {
                free_plan(plan);
                return -ENOMEM;
        }
        plan->shell_argv[0] = (char *)"sh";
        for (size_t i = 1; i < n; i++)
                plan->shell_argv[i + 1] = s->argv[i];
        *ret_plan = plan;
        return plan_limit(plan, s->nofile);
}

/* Above the three standard ones, which may be closed here and be given to the child. */
static int above_stdio(int fd) {
        int moved;

        if (fd < 0 || fd > 2)
                return fd;
        moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        close(fd);
        return moved;
}

static int make_pipe(int ends[2]) {
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        ends[0] = above_stdio(ends[0]);
        ends[1] = above_stdio(ends[1]);
        return ends[0] < 0 || ends[1] < 0 ? -EMFILE : 0;
}

/* As in linux/sched.h, the first 88 bytes; not every libc's headers have them. */
struct clone3 {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size,
                cgroup;
};
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef SYS_clone3
#define SYS_clone3 435 /* of every architecture */
#endif

#if defined(__x86_64__)
/* libc has no call for it that runs a function on another stack. The child comes out of the system call with the
 * registers of its parent, but for the stack's, and never returns. */
static pid_t clone3_to(struct clone3 *args, struct plan *plan) {
        register struct plan *r8 __asm__("r8") = plan;
        register int (*r9)(void *) __asm__("r9") = child_main;
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
static pid_t clone3_to(struct clone3 *args, struct plan *plan) {
        long result = syscall(SYS_clone3, args, sizeof(*args));

        if (result == 0)
                _exit(child_main(plan));
        return result < 0 ? -errno : (pid_t)result;
}
static const bool can_share_in_cgroup = false;
#endif

/* -1 where the kernel, a seccomp filter or the cgroup does not let it be. */
static pid_t start_in_cgroup(struct plan *plan, void *stack, int *ret_pidfd) {
        int pidfd = -1;
        struct clone3 args = {
                .flags = CLONE_PIDFD | CLONE_INTO_CGROUP,
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
                args.stack_size = STACK_SIZE;
        }
        pid = clone3_to(&args, plan);
        if (pid < 0)
                return -1;
        *ret_pidfd = pidfd;
        return pid;
}

/* Clones with the memory shared where that is possible, so that the size of this process costs nothing; the child
 * runs on a stack of its own. */
static pid_t start(struct plan *plan, void *stack, int *ret_pidfd) {
        const int flags = CLONE_VM | CLONE_PIDFD | SIGCHLD;
        pid_t pid = -1;

        if (can_share && !RUNNING_ON_VALGRIND)
                pid = clone(child_main, (char *)stack + STACK_SIZE, flags, plan, ret_pidfd);
        if (pid < 0) {
                pid = fork();
                if (pid == 0)
                        _exit(child_main(plan));
                *ret_pidfd = pid < 0 ? -1 : dn_pidfd_open(pid);
        }
        return pid;
}

static int start_blocked(struct plan *plan, void *stack, struct dn_held *held) {
        sigset_t all, before;
        int error = 0;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        memcpy(&plan->mask, &before, sizeof(plan->mask));
        held->pid = plan->cgroup < 0 ? -1 : start_in_cgroup(plan, stack, &held->pidfd);
        held->in_cgroup = held->pid >= 0;
        if (held->pid < 0) {
                held->pid = start(plan, stack, &held->pidfd);
                error = -errno;
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return held->pid < 0 ? error : 0;
}

/* What the child runs on must stay until its exec: the stack and the plan, in one place for dn_held. */
struct memory {
        struct plan *plan;
        void *stack;
};

static void free_memory(struct memory *memory) {
        if (memory && memory->stack && memory->stack != MAP_FAILED)
                munmap(memory->stack, STACK_SIZE);
        if (memory && memory->plan)
                free_plan(memory->plan);
        free(memory);
}

static int plan_stdio(struct plan *plan, const int *stdio, int *ret_null) {
        for (int i = 0; i < 3; i++)
                plan->stdio[i] = -1;
        if (!stdio)
                return 0;
        for (int i = 0; i < 3; i++) {
                if (stdio[i] < 0 && *ret_null < 0) {
                        *ret_null = above_stdio(open("/dev/null", O_RDWR | O_CLOEXEC));
                        if (*ret_null < 0)
                                return -errno;
                }
                plan->stdio[i] = stdio[i] < 0 ? *ret_null : stdio[i];
        }
        return 0;
}

/* The child gives itself these three one after the other: one that another is about to replace goes above them first.
 */
static int lift_stdio(struct plan *plan, int lifted[3]) {
        for (int i = 0; i < 3; i++) {
                lifted[i] = -1;
                if (plan->stdio[i] < 0 || plan->stdio[i] > 2 || plan->stdio[i] == i)
                        continue;
                lifted[i] = fcntl(plan->stdio[i], F_DUPFD_CLOEXEC, 3);
                if (lifted[i] < 0)
                        return -errno;
                plan->stdio[i] = lifted[i];
        }
        return 0;
}

static int hold(const struct dn_spawn *s, struct memory *memory, struct dn_held *held) {
        int go[2] = {-1, -1}, report[2] = {-1, -1}, lifted[3] = {-1, -1, -1}, null = -1;
        struct plan *plan;
        int r = make_plan(s, &memory->plan);

        plan = memory->plan;
        if (r == 0)
                r = make_pipe(go);
        if (r == 0)
                r = make_pipe(report);
        if (r == 0)
                r = plan_stdio(plan, s->stdio, &null);
        if (r == 0)
                r = lift_stdio(plan, lifted);
        if (r == 0) {
                plan->hold = go[0];
                plan->hold_parent_end = go[1];
                plan->report = report[1];
                r = start_blocked(plan, memory->stack, held);
        }
        for (int i = 0; i < 3; i++)
                dn_guard_close(&lifted[i]);
        dn_guard_close(&null);
        dn_guard_close(&go[0]);
        dn_guard_close(&report[1]);
        if (r < 0) {
                dn_guard_close(&go[1]);
                dn_guard_close(&report[0]);
                return r;
        }
        held->release = go[1];
        held->report = report[0];
        return 0;
}

int dn_spawn_hold(const struct dn_spawn *s, struct dn_held *ret_held) {
        struct dn_held held = {.pid = -1, .pidfd = -1, .release = -1, .report = -1};
        struct memory *memory = calloc(1, sizeof(*memory));
        int r;

        if (!memory)
                return -ENOMEM;
        memory->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        r = memory->stack == MAP_FAILED ? -errno : hold(s, memory, &held);
        if (r < 0) {
                free_memory(memory);
                return r;
        }
        held.memory = memory;
        *ret_held = held;
        return 0;
}

static void wait_for(pid_t pid) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

int dn_spawn_release(struct dn_held *held) {
        int code = 0;
        ssize_t n;

        do
                n = write(held->release, "", 1);
        while (n < 0 && errno == EINTR);
        do
                n = read(held->report, &code, sizeof(code));
        while (n < 0 && errno == EINTR);
        close(held->release);
        close(held->report);
        held->release = held->report = -1;
        if (n == (ssize_t)sizeof(code))
                wait_for(held->pid);
        free_memory(held->memory);
        held->memory = NULL;
        return n == (ssize_t)sizeof(code) ? -code : 0;
}

void dn_spawn_close(struct dn_held *held) {
        if (held->release >= 0) {
                /* That the pipe is closed ends it as well, but not as long as another that is held has a copy of it. */
                kill(held->pid, SIGKILL);
                close(held->release);
                close(held->report);
                wait_for(held->pid);
                free_memory(held->memory);
        }
        if (held->pidfd >= 0)
                close(held->pidfd);
        *held = (struct dn_held){.pid = -1, .pidfd = -1, .release = -1, .report = -1};
}
