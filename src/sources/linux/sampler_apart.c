/* SPDX-License-Identifier: GPL-3.0-or-later
 * The sampler by BPF, loaded by a process of its own: libbpf, the programs' images and what reading the kernel's types
 * leaves behind are two and a half megabytes, which stay where the loading is done. So a child does it, gives the
 * descriptors (SCM_RIGHTS), and ends. It has none of this process's but what it needs: a pipe that is closed here is
 * closed. */
#include "base/file.h"
#include "base/guard.h"
#include "host/apart.h"
#include "host/clock.h"
#include "host/module.h"
#include "sources/linux/bpf_sampler.h"
#include "sources/linux/loader.h"
#include "sources/linux/sources.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436 /* of every architecture */
#endif
enum { PATIENCE_MS = 5000, LAST_PATIENCE_MS = 100, OF_SIDE = 4, FDS = OF_SIDE + DN_BPF_LINKS };

struct answer {
        int result;
        struct dn_bpf_loaded loaded; /* its descriptors come beside it */
        struct dn_io io;
        bool has_io;
        char why[512];
};

/* Room for the descriptors, aligned as a header is. */
union control {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(FDS * sizeof(int))];
};

struct apart {
        struct dn_target *target;
        struct dn_loader loader;
        int socket; /* for its answer; -1: it has come, or will not */
        int64_t until_ns;
        struct dn_bpf_loaded loaded;
        struct dn_sampler *sampler;
};

/* ---------------------------------------------------------------------------------------------- in the child */

static int load(struct dn_target *t, struct dn_bpf_loaded *ret_loaded, struct dn_text *why) {
        struct dn_loaded module;
        int r = dn_module_open(&module, "ebpf", why);

        if (r < 0)
                return r;
        if (module.module->shape != DN_SOURCE_SHAPE || !module.module->load_sampler) {
                dn_text_put(why, DN_STR("denet-ebpf.so is not of this denet\ninstall both from one build"));
                return -ELIBACC;
        }
        return module.module->load_sampler(t, ret_loaded, why);
}

static uint32_t list(const struct dn_bpf_loaded *l, int *fds) {
        const int of_side[OF_SIDE] = {l->side.look, l->side.sampling, l->side.shared, l->side.places};

        memcpy(fds, of_side, sizeof(of_side));
        memcpy(fds + OF_SIDE, l->links, l->n_links * sizeof(*fds));
        return OF_SIDE + l->n_links;
}

static void send_answer(int socket, struct answer *answer) {
        union control control = {0};
        struct iovec piece = {answer, sizeof(*answer)};
        struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
        uint32_t n;
        int fds[FDS];

        if (answer->result == 0) {
                n = list(&answer->loaded, fds);
                message.msg_control = control.bytes;
                message.msg_controllen = CMSG_SPACE(n * sizeof(int));
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
                memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
        }
        (void)sendmsg(socket, &message, MSG_NOSIGNAL); /* else the end of the socket says enough */
}

/* Nothing else of this process's stays open in the child. */
static void keep_two(int *socket, int *pidfd) {
        enum { SOCKET = 3, PIDFD };
        int from[] = {fcntl(*socket, F_DUPFD_CLOEXEC, PIDFD + 1), fcntl(*pidfd, F_DUPFD_CLOEXEC, PIDFD + 1)};
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        for (int fd = 0; fd < SOCKET; fd++)
                (void)dup2(null, fd);
        *socket = dup2(from[0], SOCKET);
        *pidfd = dup2(from[1], PIDFD);
        (void)syscall(SYS_close_range, PIDFD + 1U, ~0U, 0); /* of 5.9, before all that a sampler takes */
}

/* Given out before this reading of it is counted. */
static bool read_own_io(struct dn_io *ret_io) {
        char file[512];
        int n = dn_file_read(AT_FDCWD, "/proc/self/io", file, sizeof(file));

        if (n < 0 || dn_io_parse((struct dn_str){file, (size_t)n}, ret_io) < 0)
                return false;
        ret_io->rchar += (uint64_t)n;
        ret_io->syscr++;
        return true;
}

/* The target is the child's own copy. */
static void be_loader(struct dn_target *t, int socket) {
        struct dn_text why = {0};
        struct answer answer = {0};

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "denet-loader");
        keep_two(&socket, &t->pidfd);
        answer.result = load(t, &answer.loaded, &why);
        snprintf(answer.why, sizeof(answer.why), "%.*s", (int)why.n, why.n ? why.p : "");
        answer.has_io = read_own_io(&answer.io);
        send_answer(socket, &answer);
        _exit(0);
}

/* ------------------------------------------------------------------------------------------------------ here */

static int begin(struct apart *a, struct dn_text *why) {
        int ends[2], r = 0;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
                r = -errno;
                dn_text_printf(why, "no descriptors for the process that loads it: %s\nraise the limit (ulimit -n)",
                               strerror(-r));
                return r;
        }
        a->until_ns = dn_clock_mono_ns() + PATIENCE_MS * INT64_C(1000000);
        a->loader.pid = dn_apart_fork();
        if (a->loader.pid == 0)
                be_loader(a->target, ends[1]);
        if (a->loader.pid < 0) {
                r = -errno;
                a->loader.pid = 0;
                dn_text_printf(why, "the process that loads it cannot be started: %s\nend others (ulimit -u)",
                               strerror(-r));
        }
        close(ends[1]);
        a->socket = ends[0];
        a->target->loader = &a->loader;
        return r;
}

static const struct dn_bpf_loaded nothing = {.side = {.look = -1, .sampling = -1, .shared = -1, .places = -1}};

static void close_loaded(struct dn_bpf_loaded *l) {
        int fds[FDS];
        uint32_t n = list(l, fds);

        for (uint32_t i = 0; i < n; i++)
                dn_guard_close(&fds[i]);
        *l = nothing;
}

/* What came beside the answer, in the place of what these were there. The kernel may have had no room for all. */
static int take_descriptors(struct msghdr *message, const struct dn_bpf_loaded *there, struct dn_bpf_loaded *ret_here) {
        const struct cmsghdr *header = CMSG_FIRSTHDR(message);
        size_t n = header && header->cmsg_type == SCM_RIGHTS ? (header->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
        int fds[FDS];

        if (n > 0)
                memcpy(fds, CMSG_DATA(header), n * sizeof(int));
        if (there->n_links > DN_BPF_LINKS || n != OF_SIDE + there->n_links) {
                for (size_t i = 0; i < n; i++)
                        close(fds[i]);
                return -EMFILE;
        }
        *ret_here = *there;
        ret_here->side.look = fds[0];
        ret_here->side.sampling = fds[1];
        ret_here->side.shared = fds[2];
        ret_here->side.places = fds[3];
        memcpy(ret_here->links, fds + OF_SIDE, there->n_links * sizeof(int));
        return 0;
}

/* 0; -EAGAIN: it has not come yet; -errno, and `why` where the sampler was not even tried. */
static int take_answer(struct apart *a, int flags, struct dn_text *why) {
        union control control = {0};
        struct answer answer = {0};
        struct iovec piece = {&answer, sizeof(answer)};
        struct msghdr message = {.msg_iov = &piece,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof(control.bytes)};
        ssize_t n;

        do
                n = recvmsg(a->socket, &message, flags | MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if (n != (ssize_t)sizeof(answer)) {
                dn_text_put(why, DN_STR("the process that loads it has ended early"));
                return -ECHILD;
        }
        a->loader.io = answer.io;
        a->loader.has_io = answer.has_io;
        dn_text_put(why, dn_str_of(answer.why));
        if (answer.result < 0)
                return answer.result == -EAGAIN ? -ENOMEM : answer.result; /* it is not that it has not come */
        return take_descriptors(&message, &answer.loaded, &a->loaded);
}

/* What has come is put to use. 0 or -errno. */
static int offer(struct apart *a) {
        struct dn_bpf_side *side = &a->loaded.side;
        int r = dn_bpf_sampler_new(&a->sampler, side);

        if (r < 0) {
                close_loaded(&a->loaded);
                return r;
        }
        dn_guard_close(&side->sampling);
        dn_guard_close(&side->shared);
        dn_guard_close(&side->places);
        side->sampling = side->shared = side->places = -1;
        a->target->sampler = a->sampler;
        return 0;
}

static void give_up_waiting(struct apart *a) {
        dn_guard_close(&a->socket);
        a->socket = -1;
}

static int settle(struct apart *a, int r) {
        give_up_waiting(a);
        if (r == 0)
                r = offer(a);
        a->target->sampler_error = r;
        return r;
}

/* One that is deep in the kernel may not end by it for a while: then whoever adopts it waits for it. */
static void end_loader(const struct dn_loader *loader) {
        if (loader->pid == 0)
                return;
        kill(loader->pid, SIGKILL);
        for (int ms = 0; ms < LAST_PATIENCE_MS && waitpid(loader->pid, NULL, __WALL | WNOHANG) == 0; ms++)
                (void)poll(NULL, 0, 1);
}

static void apart_close(void *state) {
        struct apart *a = state;

        end_loader(&a->loader);
        a->target->loader = NULL;
        a->target->sampler = NULL;
        a->sampler = dn_bpf_sampler_free(a->sampler);
        close_loaded(&a->loaded);
        give_up_waiting(a);
        free(a);
}

static int wait_for_answer(struct apart *a, struct dn_text *why) {
        struct pollfd fd = {.fd = a->socket, .events = POLLIN};
        int64_t left_ns;
        int r;

        do {
                left_ns = a->until_ns - dn_clock_mono_ns();
                r = poll(&fd, 1, left_ns > 0 ? (int)(left_ns / 1000000) + 1 : 0);
        } while (r < 0 && (errno == EINTR || errno == EAGAIN) && left_ns > 0);
        if (r > 0)
                return take_answer(a, 0, why);
        kill(a->loader.pid, SIGKILL);
        dn_text_printf(why, "bpf(2) does not return, for %d s so far", PATIENCE_MS / 1000);
        return -ETIMEDOUT;
}

/* Where the kernel has refused the sampler itself, the target says so. */
static int apart_open(void **ret_state, struct dn_target *t, struct dn_text *why) {
        struct apart *a = calloc(1, sizeof(*a));
        int r;

        if (!a)
                return -ENOMEM;
        a->target = t;
        a->socket = -1;
        a->loaded = nothing;
        r = begin(a, why);
        if (r == 0 && !t->late) {
                r = settle(a, wait_for_answer(a, why));
                if (r < 0 && why->n == 0)
                        r = 0;
        }
        if (r < 0) {
                apart_close(a);
                return r;
        }
        *ret_state = a;
        return 0;
}

static int apart_read(void *state, struct dn_pass *pass) {
        dn_autotext struct dn_text why = {0};
        struct apart *a = state;
        int r;

        if (a->socket < 0)
                return 0;
        r = take_answer(a, MSG_DONTWAIT, &why);
        if (r == -EAGAIN && pass->mono_ns > a->until_ns) {
                kill(a->loader.pid, SIGKILL);
                r = -ETIMEDOUT;
        }
        if (r != -EAGAIN)
                (void)settle(a, r);
        return 0;
}

const struct dn_source dn_source_sampler = {.open = apart_open, .read = apart_read, .close = apart_close};
