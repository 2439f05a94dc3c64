/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/output.h"
#include "base/guard.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>

static bool is_regular(int fd) {
        struct stat st;

        return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int dn_output_open(struct dn_output *out, const char *path) {
        const int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
        dn_autofree char *copy = strdup(path);
        bool created = true;
        int fd;

        if (!copy)
                return -ENOMEM;
        fd = open(path, flags | O_CREAT | O_EXCL, 0666);
        if (fd < 0 && errno == EEXIST) {
                /* It may be a link to a file that is not there, or go away meanwhile: still made, but not ours to
                 * remove. */
                created = false;
                fd = open(path, flags | O_CREAT, 0666);
        }
        if (fd < 0)
                return -errno;
        *out = (struct dn_output){
                .fd = fd, .owned = true, .created = created, .regular = is_regular(fd), .path = dn_steal(&copy)};
        return 0;
}

void dn_output_borrow(struct dn_output *out, int fd) {
        *out = (struct dn_output){.fd = fd, .regular = is_regular(fd)};
}

/* Until the descriptor takes bytes again; what went wrong with it, the next write says. */
static void wait_writable(int fd) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};

        poll(&p, 1, -1);
}

/* Past the first n bytes of the two pieces. */
static void advance(struct iovec pieces[2], size_t n) {
        for (int i = 0; i < 2; i++) {
                size_t part = n < pieces[i].iov_len ? n : pieces[i].iov_len;

                pieces[i].iov_base = (char *)pieces[i].iov_base + part;
                pieces[i].iov_len -= part;
                n -= part;
        }
}

/* The bytes, and those behind them. `*ret_done` is how many went out, also where not all did. */
static int write_all(int fd, struct dn_str bytes, struct dn_str behind, size_t *ret_done) {
        struct iovec pieces[2] = {{(void *)(uintptr_t)bytes.p, bytes.n}, {(void *)(uintptr_t)behind.p, behind.n}};
        size_t done = 0;
        int r = 0;

        while (done < bytes.n + behind.n && r == 0) {
                ssize_t n =
                        pieces[1].iov_len ? writev(fd, pieces, 2) : write(fd, pieces[0].iov_base, pieces[0].iov_len);

                if (n > 0) {
                        done += (size_t)n;
                        advance(pieces, (size_t)n);
                } else if (n < 0 && errno == EAGAIN)
                        wait_writable(fd);
                else if (n == 0 || errno != EINTR)
                        r = n < 0 ? -errno : -EIO;
        }
        *ret_done = done;
        return r;
}

/* Takes back the last `size` bytes, if they stand at the end of a file that is written at a place of our own. Behind
 * O_APPEND others may write, and then the end is theirs. False: the piece stays. */
static bool take_back(const struct dn_output *out, size_t size) {
        off_t at = out->regular ? lseek(out->fd, 0, SEEK_CUR) : -1, from = at - (off_t)size;
        int flags = fcntl(out->fd, F_GETFL);
        struct stat st;

        if (at < 0 || from < 0 || flags < 0 || (flags & O_APPEND) || fstat(out->fd, &st) < 0 || st.st_size != at)
                return false;
        return ftruncate(out->fd, from) == 0 && lseek(out->fd, from, SEEK_SET) == from;
}

/* The old content of the file goes with the first write. */
static int begin(struct dn_output *out) {
        int r = 0;

        if (!out->owned || !out->regular || out->created || out->begun)
                return 0;
        do
                r = ftruncate(out->fd, 0);
        while (r < 0 && errno == EINTR);
        return r < 0 ? -errno : 0;
}

static int put(struct dn_output *out, struct dn_str bytes, struct dn_str behind) {
        const struct dn_str nothing = {"", 0};
        size_t done = 0;
        int r = begin(out);

        if (r == 0 && out->torn)
                r = write_all(out->fd, DN_STR("\n"), nothing, &done);
        if (r < 0)
                return r;
        out->torn = false;
        r = write_all(out->fd, bytes, behind, &done);
        if (r < 0 && done > 0)
                out->torn = !take_back(out, done);
        out->begun |= r == 0 || out->torn;
        return r;
}

int dn_output_put(struct dn_output *out, struct dn_str bytes) {
        return put(out, bytes, (struct dn_str){"", 0});
}

int dn_output_put_line(struct dn_output *out, struct dn_str line) {
        return put(out, line, DN_STR("\n"));
}

int dn_output_push(struct dn_output *out, struct dn_str bytes, size_t *ret_done) {
        int r = begin(out);

        *ret_done = 0;
        if (r == 0)
                r = write_all(out->fd, bytes, (struct dn_str){"", 0}, ret_done);
        out->begun |= *ret_done > 0;
        return r;
}

/* Removes the file, if its name still is that file's. */
static void remove_created(const struct dn_output *out) {
        struct stat ours, named;

        if (fstat(out->fd, &ours) == 0 && lstat(out->path, &named) == 0 && ours.st_dev == named.st_dev &&
            ours.st_ino == named.st_ino)
                unlink(out->path);
}

int dn_output_close(struct dn_output *out) {
        int r = 0;

        if (out->owned) {
                if (out->created && out->regular && !out->begun)
                        remove_created(out);
                r = close(out->fd) < 0 && errno != EINTR ? -errno : 0;
                free(out->path);
        }
        *out = (struct dn_output){.fd = -1};
        return r;
}
