/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/spawn.h"
#include "base/guard.h"
#include "host/spawn_child.linux.h"
#include "host/spawn_path.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

static void free_plan(struct dn_spawn_plan *plan) {
        dn_spawn_paths_free(plan->paths);
        free((void *)plan->shell_argv);
        free(plan);
}

static size_t count(char *const *list) {
        size_t n = 0;

        while (list[n])
                n++;
        return n;
}

static int plan_limit(struct dn_spawn_plan *plan, uint64_t soft) {
        if (soft == 0)
                return 0;
        if (getrlimit(RLIMIT_NOFILE, &plan->nofile) < 0)
                return -errno;
        plan->nofile.rlim_cur = soft;
        plan->limit = true;
        return 0;
}

static int make_plan(const struct dn_spawn *s, struct dn_spawn_plan **ret_plan) {
        struct dn_spawn_plan *plan = calloc(1, sizeof(*plan));
        size_t n = count(s->argv);

        if (!plan)
                return -ENOMEM;
        plan->argv = s->argv;
        plan->env = s->env ? s->env : environ;
        plan->cwd = s->cwd;
        plan->ignored = s->ignored;
        plan->defaulted = s->defaulted;
        plan->cgroup = s->cgroup ? *s->cgroup : -1;
        plan->shell_argv = (char **)calloc(n + 2, sizeof(char *));
        if (!plan->shell_argv || dn_spawn_paths(s->argv[0], s->env, &plan->paths) < 0) {
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

/* A pipe; or a socket pair, to which may be written without a SIGPIPE for the host. */
static int make_pair(int ends[2], bool sockets) {
        if ((sockets ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) : pipe2(ends, O_CLOEXEC)) < 0)
                return -errno;
        ends[0] = above_stdio(ends[0]);
        ends[1] = above_stdio(ends[1]);
        return ends[0] < 0 || ends[1] < 0 ? -EMFILE : 0;
}

static int start_blocked(struct dn_spawn_plan *plan, void *stack, struct dn_held *held) {
        sigset_t all, before;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        memcpy(&plan->mask, &before, sizeof(plan->mask));
        held->pid = dn_spawn_clone(plan, stack, &held->pidfd, &held->in_cgroup);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return held->pid < 0 ? held->pid : 0;
}

/* Until the child has laid down its rights, or has ended. */
static void wait_for_rights(int release, int pidfd) {
        struct pollfd either[] = {{.fd = release, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};

        while (poll(either, 2, -1) < 0 && errno == EINTR)
                ;
}

/* What the child runs on must stay until its exec: the stack and the plan, in one place for dn_held. */
struct memory {
        struct dn_spawn_plan *plan;
        void *stack;
};

static void free_memory(struct memory *memory) {
        if (memory && memory->stack && memory->stack != MAP_FAILED)
                munmap(memory->stack, DN_SPAWN_STACK_SIZE);
        if (memory && memory->plan)
                free_plan(memory->plan);
        free(memory);
}

static int plan_stdio(struct dn_spawn_plan *plan, const int *stdio, int *ret_null) {
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
static int lift_stdio(struct dn_spawn_plan *plan, int lifted[3]) {
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
        struct dn_spawn_plan *plan;
        int r = make_plan(s, &memory->plan);

        plan = memory->plan;
        if (r == 0)
                r = make_pair(go, true);
        if (r == 0)
                r = make_pair(report, false);
        if (r == 0)
                r = plan_stdio(plan, s->stdio, &null);
        if (r == 0)
                r = lift_stdio(plan, lifted);
        if (r == 0) {
                plan->hold = go[0];
                plan->hold_parent_end = go[1];
                plan->report = report[1];
                plan->lay_down = getauxval(AT_SECURE);
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
        if (plan->lay_down)
                wait_for_rights(go[1], held->pidfd);
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
        memory->stack =
                mmap(NULL, DN_SPAWN_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
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

/* What the child reports, or nothing, when its end of the pipe is closed by the exec. Until then it runs on our memory:
 * nothing else ends the waiting. */
static ssize_t read_report(int report, int *ret_code) {
        struct pollfd said = {.fd = report, .events = POLLIN};
        ssize_t n;

        while ((n = read(report, ret_code, sizeof(*ret_code))) < 0)
                if (errno != EINTR)
                        (void)poll(&said, 1, -1);
        return n;
}

int dn_spawn_release(struct dn_held *held) {
        int code = 0;
        ssize_t n;

        do
                n = send(held->release, "", 1, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n < 0) {
                code = errno;
                dn_spawn_close(held);
                return -code;
        }
        n = read_report(held->report, &code);
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
