/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/terminal.h"
#include "base/guard.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

/* The device that a descriptor is: of /dev/tty the terminal behind it. */
static bool device_of(int fd, dev_t *ret_device) {
        unsigned device;

        if (ioctl(fd, TIOCGDEV, &device) < 0)
                return false;
        *ret_device =
                makedev(device >> 8 & 0xfff, (device & 0xff) | (device >> 12 & 0xfff00)); /* the kernel's packing */
        return true;
}

/* The node itself, for its lock; what /dev/tty opens is another one, and everybody's. */
static int open_node(dev_t device) {
        char path[64];

        for (int i = 0; i < 2; i++) {
                struct stat st;
                int node;

                if (i == 0 && ttyname_r(STDERR_FILENO, path, sizeof(path)) != 0)
                        continue;
                if (i == 1)
                        snprintf(path, sizeof(path), "/dev/pts/%u", minor(device));
                node = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
                if (node >= 0 && fstat(node, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == device)
                        return node;
                dn_guard_close(&node);
        }
        return -ENOENT;
}

int dn_terminal_open(struct dn_terminal *t, bool in_place, bool colour) {
        dn_autoclose int fd = -1, node = -1;
        dev_t ours, theirs;

        *t = (struct dn_terminal){.fd = -1, .lock = -1, .in_place = in_place, .colour = colour};
        if (!device_of(STDERR_FILENO, &theirs))
                return -ENOTTY;
        fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        if (!device_of(fd, &ours) || ours != theirs)
                return -ENOTTY;
        node = open_node(ours);
        if (node < 0)
                return node;
        t->fd = dn_steal_fd(&fd);
        t->lock = dn_steal_fd(&node);
        return 0;
}

void dn_terminal_close(struct dn_terminal *t) {
        dn_guard_close(&t->fd);
        dn_guard_close(&t->lock);
        t->fd = t->lock = -1;
}

bool dn_terminal_calm(const struct dn_terminal *t) {
        struct termios mode;

        return tcgetpgrp(t->fd) == getpgrp() && tcgetattr(t->fd, &mode) == 0 && (mode.c_lflag & ICANON);
}

bool dn_terminal_size(const struct dn_terminal *t, int *ret_rows, int *ret_columns) {
        struct winsize size;

        if (ioctl(t->fd, TIOCGWINSZ, &size) < 0 || size.ws_row < DN_TERMINAL_ROWS_MIN ||
            size.ws_col < DN_TERMINAL_COLUMNS_MIN)
                return false;
        *ret_rows = size.ws_row;
        *ret_columns = size.ws_col;
        return true;
}

bool dn_terminal_claim(struct dn_terminal *t) {
        return flock(t->lock, LOCK_EX | LOCK_NB) == 0;
}

void dn_terminal_yield(struct dn_terminal *t) {
        flock(t->lock, LOCK_UN);
}

void dn_terminal_tell_others(const struct dn_terminal *t) {
        pid_t group = tcgetpgrp(t->fd);

        if (group > 0 && !t->in_place)
                kill(-group, SIGWINCH);
}

bool dn_terminal_wait(const struct dn_terminal *t, int timeout_ms) {
        struct pollfd room = {.fd = t->fd, .events = POLLOUT};

        return poll(&room, 1, timeout_ms) > 0 && (room.revents & POLLOUT);
}

/* A write that does not go in whole is ended before there is another: half a sequence would swallow what follows. */
static int put(struct dn_terminal *t, const char *bytes, size_t size) {
        ssize_t n;

        if (t->n_rest > 0 && dn_terminal_flush(t) < 0)
                return -EAGAIN;
        if (!dn_terminal_wait(t, 0))
                return -EAGAIN;
        n = write(t->fd, bytes, size);
        if (n < 0)
                return errno == EINTR || errno == EAGAIN ? -EAGAIN : -errno;
        t->n_rest = size - (size_t)n;
        memcpy(t->rest, bytes + n, t->n_rest);
        return 0;
}

int dn_terminal_flush(struct dn_terminal *t) {
        ssize_t n = t->n_rest > 0 ? write(t->fd, t->rest, t->n_rest) : 0;

        if (n < 0)
                return errno == EINTR || errno == EAGAIN ? -EAGAIN : -errno;
        t->n_rest -= (size_t)n;
        memmove(t->rest, t->rest + n, t->n_rest);
        return t->n_rest > 0 ? -EAGAIN : 0;
}

int dn_terminal_draw(struct dn_terminal *t, struct dn_str row, int rows, bool appear) {
        char bytes[DN_TERMINAL_WRITE_MAX];
        const char *plain = t->colour ? "\033[0m" : "";
        int n, r;

        if (t->in_place)
                n = snprintf(bytes, sizeof(bytes), "\r%.*s\033[K", (int)row.n, row.p);
        else
                n = snprintf(bytes, sizeof(bytes), "%s\0337\033[1;%dr\033[%d;1H%s%.*s\033[K\0338",
                             appear ? "\033D\033[A" : "", rows - 1, rows, plain, (int)row.n, row.p);
        if (n < 0 || n >= (int)sizeof(bytes))
                return -EMSGSIZE;
        r = put(t, bytes, (size_t)n);
        if (r == 0)
                t->kept_row = rows;
        return r;
}

int dn_terminal_release(struct dn_terminal *t) {
        char bytes[64];
        int n, r;

        if (t->kept_row == 0)
                return t->n_rest > 0 ? dn_terminal_flush(t) : 0;
        if (t->in_place)
                n = snprintf(bytes, sizeof(bytes), "\r\033[K");
        else
                n = snprintf(bytes, sizeof(bytes), "\0337\033[r\033[%d;1H\033[2K\0338", t->kept_row);
        r = put(t, bytes, (size_t)n);
        if (r == 0)
                t->kept_row = 0;
        return r < 0 || t->n_rest == 0 ? r : -EAGAIN; /* then the rest of it */
}

int dn_terminal_clean(struct dn_terminal *t) {
        static const char bytes[] = "\0337\033[r\0338\033[J", line[] = "\r\033[J";
        int r = t->in_place ? put(t, line, sizeof(line) - 1) : put(t, bytes, sizeof(bytes) - 1);

        if (r == 0)
                t->kept_row = 0;
        return r;
}
