/* SPDX-License-Identifier: GPL-3.0-or-later
 * Saved records: a file, standard input or memory, piece by piece: a line, a row of CSV, or an element of an array.
 * What follows the last newline is dropped: a line that ends in one is whole, whatever happened to its writer. */
#include "base/guard.h"
#include "format/array_read.h"
#include "format/csv_read.h"
#include "stream/input.h"
#include "stream/stream.h"

enum {
        CHUNK = 256 * 1024,
        PIECE_MAX = 256 << 20, /* bytes: no record is longer */
        OTHER_MAX = 1 << 20    /* nor is a line that does not begin as one */
};
static const uint64_t endless = UINT64_C(4) << 30; /* bytes without a newline */

enum form { UNKNOWN, LINES, ARRAY, ROWS };

struct dn_saved {
        struct dn_input input;
        bool memory, failed;
        uint64_t size, consumed; /* of memory, bytes */
        uint64_t line;           /* number of the one read last, */
        uint64_t lines;          /* and newlines before what is not consumed */
        int form;
        struct dn_array array;
        struct dn_csv *csv; /* of ROWS, from the first one on */
        char *buffer;
        size_t room;
        const char *at; /* what is not consumed yet: [at, at + left) */
        size_t left;
        struct dn_text copy; /* of a piece that is not a line of the file: changed, or of borrowed memory */
        struct dn_reader reader;
};

void dn_saved_close(struct dn_saved *s) {
        if (!s)
                return;
        dn_input_close(&s->input);
        dn_reader_free(&s->reader);
        dn_text_free(&s->copy);
        free(s->csv);
        free(s->buffer);
        free(s);
}

static int make_room(struct dn_saved *s) {
        size_t room = s->room ? s->room * 2 : 4 * (size_t)CHUNK;
        char *buffer;

        if (s->buffer && s->left > 0 && s->at != s->buffer)
                memmove(s->buffer, s->at, s->left);
        s->at = s->buffer;
        if (s->left + CHUNK <= s->room)
                return 0;
        buffer = realloc(s->buffer, room);
        if (!buffer)
                return -ENOMEM;
        s->at = s->buffer = buffer;
        s->room = room;
        return 0;
}

/* More of the file behind what is left: no more at once than stays in a cache. 1; 0: there is no more; -errno. */
static int fill(struct dn_saved *s) {
        size_t behind = s->buffer ? (size_t)(s->at - s->buffer) + s->left : 0;
        ssize_t n;
        int r;

        if (s->memory)
                return 0;
        if (s->left == 0 && s->buffer) {
                s->at = s->buffer;
                behind = 0;
        }
        if (behind + CHUNK > s->room) {
                r = make_room(s);
                if (r < 0)
                        return r;
                behind = s->left;
        }
        n = dn_input_read(&s->input, s->buffer + behind, CHUNK);
        if (n > 0)
                s->left += (size_t)n;
        return n < 0 ? (int)n : n > 0;
}

static void consume(struct dn_saved *s, size_t n) {
        s->at += n;
        s->left -= n;
        s->consumed += n;
}

/* A line that no record is, up to its newline. -EBADMSG; 0: it is the last, and torn; -EFBIG: it does not end; -errno.
 */
static int drop_line(struct dn_saved *s) {
        uint64_t dropped = 0;
        int r = s->form == ARRAY ? -EFBIG : 1;

        while (r > 0) {
                const char *newline = s->left ? memchr(s->at, '\n', s->left) : NULL;

                dropped += s->left;
                consume(s, newline ? (size_t)(newline - s->at) + 1 : s->left);
                if (newline) {
                        s->line = ++s->lines;
                        return -EBADMSG;
                }
                r = dropped > endless ? -EFBIG : fill(s);
        }
        return r;
}

/* Longer than a record ever is. */
static bool is_too_long(const struct dn_saved *s) {
        return s->left > PIECE_MAX || (s->form == LINES && s->left > OTHER_MAX && *s->at != '{' && *s->at != ' ');
}

/* Where the next piece is: true, and bytes `from` to `to` of what is left; all before `to` goes with it. `*place`, from
 * 0 on, is where to go on with more. */
static bool cut(struct dn_saved *s, struct dn_csv_place *place, size_t *ret_from, size_t *ret_to) {
        size_t looked = place->looked;
        struct dn_str rest = {s->at, s->left};
        const char *newline;

        *ret_from = 0;
        if (s->form == ARRAY)
                return dn_array_next(&s->array, rest, ret_from, ret_to);
        if (s->form == ROWS) {
                *ret_to = dn_csv_cut(rest, place);
                return *ret_to > 0;
        }
        newline = s->left > looked ? memchr(s->at + looked, '\n', s->left - looked) : NULL;
        place->looked = s->left;
        *ret_to = newline ? (size_t)(newline - s->at) + 1 : 0;
        return newline;
}

static uint64_t newlines(const char *p, size_t n) {
        const char *end = p + n;
        uint64_t count = 0;

        while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
                count++;
                p++;
        }
        return count;
}

/* The next piece. 1; 0: the end; -EBADMSG: one that no record is; -errno. */
static int next_piece(struct dn_saved *s, struct dn_str *ret_piece) {
        struct dn_csv_place place = {0};
        size_t from, to;

        while (!cut(s, &place, &from, &to)) {
                int r = is_too_long(s) ? drop_line(s) : fill(s);

                if (r <= 0)
                        return r;
        }
        *ret_piece = (struct dn_str){s->at + from, to - from};
        s->line = s->lines + 1;
        if (s->form == LINES)
                s->lines++;
        else {
                s->line += newlines(s->at, from);
                s->lines += newlines(s->at, to);
        }
        consume(s, to);
        return 1;
}

/* The first row, if it is one: the file is then CSV, and else of lines. 0 or -errno. */
static int try_rows(struct dn_saved *s) {
        struct dn_csv_place place = {0};
        size_t n;

        while ((n = dn_csv_cut((struct dn_str){s->at, s->left}, &place)) == 0 && s->left <= OTHER_MAX) {
                int r = fill(s);

                if (r < 0)
                        return r;
                if (r == 0)
                        break;
        }
        s->form = LINES;
        s->csv = n ? malloc(sizeof(*s->csv)) : NULL;
        if (n && !s->csv)
                return -ENOMEM;
        if (n && dn_csv_begin(s->csv, (struct dn_str){s->at, n})) {
                s->form = ROWS;
                s->lines += newlines(s->at, n);
                consume(s, n);
        }
        return 0;
}

/* What the file is, by what it begins with, behind a byte order mark and blanks. 1; 0: nothing; -errno. */
static int tell_form(struct dn_saved *s) {
        int r = 1;

        while (r > 0 && (s->left == 0 || (s->left < 3 && *s->at == '\xef')))
                r = fill(s);
        if (r > 0 && dn_str_starts((struct dn_str){s->at, s->left}, DN_STR("\xef\xbb\xbf")))
                consume(s, 3);
        while (r > 0) {
                while (s->left > 0 && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n')) {
                        s->lines += *s->at == '\n';
                        consume(s, 1);
                }
                if (s->left > 0)
                        break;
                r = fill(s);
        }
        if (r <= 0)
                return r;
        s->form = *s->at == '[' ? ARRAY : LINES;
        if (*s->at == '[' || *s->at == '{')
                return 1;
        r = try_rows(s);
        return r < 0 ? r : 1;
}

/* The piece as the line of its record, with a NUL behind it. */
static int make_line(struct dn_saved *s, struct dn_str *piece) {
        int r = 0;

        *piece = dn_str_trim(*piece);
        if (piece->n == 0)
                return -ENODATA;
        if (s->form == LINES && !s->memory) {
                s->buffer[piece->p + piece->n - s->buffer] = '\0';
                return 0;
        }
        dn_text_reset(&s->copy);
        if (s->form == ROWS)
                r = dn_csv_line(s->csv, *piece, &s->copy);
        else
                dn_text_put(&s->copy, *piece);
        if (s->form == ARRAY && !s->copy.failed)
                s->copy.n = dn_array_flatten(s->copy.p, s->copy.n);
        if (!dn_text_cstr(&s->copy))
                return -ENOMEM;
        *piece = dn_text_str(&s->copy);
        return r < 0 ? r : s->form == ARRAY && s->array.bad ? -EBADMSG : 0;
}

int dn_saved_next(struct denet *d) {
        struct dn_saved *s = d->saved;
        struct dn_str piece;
        int r;

        if (s->failed)
                return 0;
        do {
                r = s->form == UNKNOWN ? tell_form(s) : 1;
                if (r > 0)
                        r = next_piece(s, &piece);
                if (r <= 0 && r != -EBADMSG) {
                        s->failed = true; /* nothing comes after it */
                        return r;
                }
                if (r > 0)
                        r = make_line(s, &piece);
                if (r == 0)
                        r = dn_reader_line(&s->reader, piece, &d->record);
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
        d->saved->input.fd = -1;
        d->saved->reader.children = d->o.children != DENET_CHILDREN_NONE;
        return d;
}

int denet_read(denet **ret_d, const denet_options *o, const char *path, denet_error *error) {
        dn_autotext struct dn_text why = {0};
        int r;
        struct denet *d = saved_new(o, error, &r);

        if (!d)
                return r;
        r = dn_input_open(&d->saved->input, path, &why);
        if (r < 0) {
                denet_free(d);
                return why.n ? dn_fail(error, r, "%s", dn_text_cstr(&why))
                             : dn_fail(error, r, "%s: %s; give a file that denet -o FILE run wrote", path,
                                       strerror(-r));
        }
        *ret_d = d;
        return 0;
}

int denet_parse(denet **ret_d, const denet_options *o, const char *lines, size_t size, denet_error *error) {
        int r;
        struct denet *d = saved_new(o, error, &r);

        if (!d)
                return r;
        d->saved->memory = true;
        d->saved->at = lines;
        d->saved->left = d->saved->size = size;
        *ret_d = d;
        return 0;
}

uint64_t denet_line(const denet *d) {
        return d->mode == DN_MODE_SAVED ? d->saved->line : 0;
}

int denet_progress(const denet *d, uint64_t *ret_done, uint64_t *ret_total) {
        const struct dn_saved *s = d->saved;
        uint64_t total = d->mode != DN_MODE_SAVED ? 0 : s->memory ? s->size : s->input.size;

        if (total == 0)
                return -ENODATA;
        *ret_done = s->memory || !s->input.codec ? s->consumed : s->input.taken;
        *ret_total = total;
        return 0;
}
