/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/helper.h"
#include "base/guard.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SYS_close_range
#define SYS_close_range 436 /* of every architecture */
#endif
enum { PATIENCE_MS = 1000, PAUSE_MS = 20, FD_FAR = 4096, PIPE = 0, TERMINAL = 1, LOCK = 2 };

/* The three that it needs, in the place of the command's. */
static bool take_descriptors(int pipe, int terminal, int lock) {
        int from[] = {pipe, terminal, lock};

        for (int i = 0; i < 3; i++)
                if (from[i] < 3 || dup2(from[i], i) < 0)
                        return false;
        if (syscall(SYS_close_range, 3U, ~0U, 0) < 0)
                for (int fd = 3; fd < FD_FAR; fd++)
                        close(fd);
        return true;
}

static void release(void) {
        struct dn_terminal t = {.fd = TERMINAL, .lock = LOCK};
        struct winsize size;

        t.kept_row = ioctl(TERMINAL, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
        for (int ms = 0; ms < PATIENCE_MS && dn_terminal_release(&t) == -EAGAIN; ms += PAUSE_MS)
                poll(NULL, 0, PAUSE_MS);
}

static void keep_watch(void) {
        char shown = 0;
        ssize_t n;

        do
                n = read(PIPE, &shown, 1);
        while (n > 0 || (n < 0 && errno == EINTR));
        if (shown)
                release();
}

int dn_helper_start(struct dn_helper *h, const struct dn_terminal *t) {
        sigset_t all, before;
        int ends[2];

        *h = (struct dn_helper){.pipe = -1};
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, &before);
        /* As fork, but that its end is announced by no signal: it is then no child to those who wait for any. */
        h->pid = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
        if (h->pid == 0) {
                setsid();
                prctl(PR_SET_NAME, "denet-helper");
                if (fcntl(ends[0], F_SETFL, 0) == 0 && take_descriptors(ends[0], t->fd, t->lock) && chdir("/") == 0)
                        keep_watch();
                _exit(0);
        }
        sigprocmask(SIG_SETMASK, &before, NULL);
        close(ends[0]);
        h->pipe = ends[1];
        if (h->pid < 0) {
                close(ends[1]);
                *h = (struct dn_helper){.pipe = -1};
                return -EAGAIN;
        }
        return 0;
}

void dn_helper_tell(struct dn_helper *h, bool shown) {
        char word = (char)shown;
        ssize_t n = h->pid > 0 ? write(h->pipe, &word, 1) : 0;

        (void)n; /* killed: then nobody gives the row back */
}

void dn_helper_end(struct dn_helper *h) {
        if (h->pid <= 0)
                return;
        close(h->pipe);
        while (waitpid(h->pid, NULL, __WALL) < 0 && errno == EINTR)
                ;
        *h = (struct dn_helper){.pipe = -1};
}
