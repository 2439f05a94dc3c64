/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stream/input.h"
#include "base/guard.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

enum { HELD = 128 * 1024, MAGIC = 4 };

static int open_path(struct dn_input *in, const char *path) {
        struct stat st;

        in->owned = strcmp(path, "-") != 0;
        in->fd = in->owned ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
        if (in->fd < 0 || fstat(in->fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        in->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
        return 0;
}

/* Standard input may be one that somebody else made non-blocking, for all who share it. */
static void wait_readable(int fd) {
        struct pollfd p = {.fd = fd, .events = POLLIN};

        poll(&p, 1, -1);
}

static ssize_t read_raw(struct dn_input *in, char *to, size_t room) {
        ssize_t n;

        while ((n = read(in->fd, to, room)) < 0 && (errno == EINTR || errno == EAGAIN))
                if (errno == EAGAIN)
                        wait_readable(in->fd);
        if (n > 0)
                in->taken += (uint64_t)n;
        return n < 0 ? -errno : n;
}

/* As many bytes as a magic number has, or all that there are. */
static int read_magic(struct dn_input *in) {
        in->held = malloc(HELD);
        if (!in->held)
                return -ENOMEM;
        in->rest.p = in->held;
        while (in->rest.n < MAGIC) {
                ssize_t n = read_raw(in, in->held + in->rest.n, HELD - in->rest.n);

                if (n <= 0)
                        return (int)n;
                in->rest.n += (size_t)n;
        }
        return 0;
}

static const char *codec_of(struct dn_str bytes) {
        if (dn_str_starts(bytes, DN_STR("\x28\xb5\x2f\xfd")))
                return "zstd";
        /* One that decoders are to pass over, as pzstd and seekable files have it in front. */
        if (bytes.n >= MAGIC && (bytes.p[0] & '\xf0') == '\x50' && memcmp(bytes.p + 1, "\x2a\x4d\x18", 3) == 0)
                return "zstd";
        return dn_str_starts(bytes, DN_STR("\x1f\x8b\x08")) ? "gzip" : NULL;
}

static int open_codec(struct dn_input *in, const char *path, struct dn_text *why) {
        const char *name = codec_of(in->rest);
        dn_autotext struct dn_text reason = {0};
        int r = 0;

        if (!name)
                return 0;
        r = dn_module_open(&in->loaded, name, &reason);
        if (r == -ENOENT || r == -ELIBACC) {
                dn_text_printf(why, "%s: compressed, but %s; as in %s -dc FILE | denet stats -", path,
                               dn_text_cstr(&reason), name);
                return -ELIBACC;
        }
        return r < 0 ? r : in->loaded.module->codec->open(&in->codec, false);
}

int dn_input_open(struct dn_input *in, const char *path, struct dn_text *why) {
        int r;

        *in = (struct dn_input){.fd = -1};
        r = open_path(in, path);
        if (r == 0)
                r = read_magic(in);
        if (r == 0)
                r = open_codec(in, path, why);
        if (r < 0)
                dn_input_close(in);
        return r;
}

void dn_input_close(struct dn_input *in) {
        if (in->codec)
                in->loaded.module->codec->close(in->codec);
        if (in->loaded.module)
                dn_module_close(&in->loaded);
        if (in->owned && in->fd >= 0)
                close(in->fd);
        free(in->held);
        *in = (struct dn_input){.fd = -1};
}

/* What was read to see what it is comes first. */
static ssize_t read_plain(struct dn_input *in, char *to, size_t room) {
        size_t n = in->rest.n < room ? in->rest.n : room;

        if (n == 0) {
                free(in->held);
                in->held = NULL;
                return read_raw(in, to, room);
        }
        memcpy(to, in->rest.p, n);
        in->rest = (struct dn_str){in->rest.p + n, in->rest.n - n};
        return (ssize_t)n;
}

ssize_t dn_input_read(struct dn_input *in, char *to, size_t room) {
        size_t made = 0;

        if (in->fd < 0)
                return 0;
        if (!in->codec)
                return read_plain(in, to, room);
        while (in->error == 0) {
                int r = in->loaded.module->codec->step(in->codec, &in->rest, DN_CODEC_MORE, to, room, &made);

                if (r < 0)
                        in->error = r;
                if (made > 0)
                        return (ssize_t)made;
                if (r == 0) {
                        ssize_t n = read_raw(in, in->held, HELD);

                        if (n <= 0)
                                return n;
                        in->rest = (struct dn_str){in->held, (size_t)n};
                }
        }
        return in->error;
}
