/* SPDX-License-Identifier: GPL-3.0-or-later
 * Saved records: a file, standard input or memory, line by line. What follows the last newline is dropped: a line that
 * ends in one is whole, whatever happened to its writer. */
#include "base/guard.h"
#include "stream/stream.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { CHUNK = 256 * 1024, LINE_MAX_SIZE = 256 << 20 };

struct dn_saved {
        int fd; /* -1: memory, or the end was met */
        bool owned, failed;
        uint64_t size, consumed; /* bytes; size 0: not known */
        uint64_t line;           /* number of the one read last */
        char *buffer;
        size_t room;
        const char *at; /* what is not consumed yet: [at, at + left) */
        size_t left;
        struct dn_text copy; /* of a line of borrowed memory, which has no NUL where the line ends */
        struct dn_reader reader;
};

void dn_saved_close(struct dn_saved *s) {
        if (!s)
                return;
        if (s->owned)
                close(s->fd);
        dn_reader_free(&s->reader);
        dn_text_free(&s->copy);
        free(s->buffer);
        free(s);
}

/* More of the file behind what is left. 1; 0: there is no more; -errno. */
static int fill(struct dn_saved *s) {
        ssize_t n;

        if (s->fd < 0)
                return 0;
        if (s->left > 0 && s->at != s->buffer)
                memmove(s->buffer, s->at, s->left);
        s->at = s->buffer;
        if (s->left > LINE_MAX_SIZE)
                return -EFBIG; /* no record is that long */
        if (s->left + CHUNK > s->room) {
                size_t room = s->room ? s->room * 2 : 2 * CHUNK;
                char *buffer = realloc(s->buffer, room);

                if (!buffer)
                        return -ENOMEM;
                s->at = s->buffer = buffer;
                s->room = room;
        }
        do
                n = read(s->fd, s->buffer + s->left, s->room - s->left);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        s->left += (size_t)n;
        return n > 0;
}

/* The next line, without its newline. 1; 0: the end; -errno. */
static int next_line(struct dn_saved *s, struct dn_str *ret_line) {
        size_t looked = 0;

        for (;;) {
                const char *newline = s->left > looked ? memchr(s->at + looked, '\n', s->left - looked) : NULL;
                int r;

                if (newline) {
                        *ret_line = (struct dn_str){s->at, (size_t)(newline - s->at)};
                        s->at = newline + 1;
                        s->left -= ret_line->n + 1;
                        s->consumed += ret_line->n + 1;
                        s->line++;
                        return 1;
                }
                looked = s->left;
                r = fill(s);
                if (r <= 0)
                        return r;
        }
}

/* The line with a NUL behind it, as the text of its record is to have it. */
static int end_line(struct dn_saved *s, struct dn_str *line) {
        if (s->buffer) {
                s->buffer[line->p + line->n - s->buffer] = '\0';
                return 0;
        }
        dn_text_reset(&s->copy);
        dn_text_put(&s->copy, *line);
        line->p = dn_text_cstr(&s->copy);
        return line->p ? 0 : -ENOMEM;
}

int dn_saved_next(struct denet *d) {
        struct dn_saved *s = d->saved;
        struct dn_str line;
        int r;

        if (s->failed)
                return 0;
        do {
                r = next_line(s, &line);
                if (r <= 0) {
                        s->failed = true; /* nothing comes after it */
                        return r;
                }
                r = end_line(s, &line);
                if (r == 0)
                        r = dn_reader_line(&s->reader, line, &d->record);
        } while (r == -ENODATA);
        return r < 0 ? r : 1;
}

/* NULL: *ret_error says why. */
static struct denet *saved_new(const denet_options *o, denet_error *error, int *ret_error) {
        struct denet *d = calloc(1, sizeof(*d));

        if (!d) {
                *ret_error = dn_fail(error, -ENOMEM, "no memory");
                return NULL;
        }
        d->mode = DN_MODE_SAVED;
        *ret_error = dn_options_take(&d->o, o, error);
        d->saved = *ret_error < 0 ? NULL : calloc(1, sizeof(*d->saved));
        if (!d->saved) {
                if (*ret_error >= 0)
                        *ret_error = dn_fail(error, -ENOMEM, "no memory");
                free(d);
                return NULL;
        }
        d->saved->fd = -1;
        d->saved->reader.children = d->o.children != DENET_CHILDREN_NONE;
        return d;
}

static int open_path(struct dn_saved *s, const char *path) {
        struct stat st;

        s->owned = strcmp(path, "-") != 0;
        s->fd = s->owned ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
        if (s->fd < 0) {
                s->owned = false;
                return -errno;
        }
        if (fstat(s->fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        s->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
        return 0;
}

int denet_read(denet **ret_d, const denet_options *o, const char *path, denet_error *error) {
        int r;
        struct denet *d = saved_new(o, error, &r);

        if (!d)
                return r;
        r = open_path(d->saved, path);
        if (r < 0) {
                denet_free(d);
                return dn_fail(error, r, "%s: %s; give a file that denet -o FILE run wrote", path, strerror(-r));
        }
        *ret_d = d;
        return 0;
}

int denet_parse(denet **ret_d, const denet_options *o, const char *lines, size_t size, denet_error *error) {
        int r;
        struct denet *d = saved_new(o, error, &r);

        if (!d)
                return r;
        d->saved->at = lines;
        d->saved->left = d->saved->size = size;
        *ret_d = d;
        return 0;
}

uint64_t denet_line(const denet *d) {
        return d->mode == DN_MODE_SAVED ? d->saved->line : 0;
}

int denet_progress(const denet *d, uint64_t *ret_done, uint64_t *ret_total) {
        if (d->mode != DN_MODE_SAVED || d->saved->size == 0)
                return -ENODATA;
        *ret_done = d->saved->consumed;
        *ret_total = d->saved->size;
        return 0;
}
