/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/folded.h"
#include "base/guard.h"
#include "base/hash.h"
#include "base/slots.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { MEMORY_DEFAULT = 64 << 20 };

struct line {
        uint32_t place, n; /* of its text */
        uint32_t next;     /* of the same hash; 0: none, else one more */
        uint64_t value;
};

struct dn_folded {
        struct line *list;
        uint32_t n, room;
        struct dn_hash first; /* of a text's hash: the line's number */
        struct dn_text texts, scratch;
        size_t limit;
        uint64_t lost;
};

int dn_folded_new(size_t memory_limit, struct dn_folded **ret_folded) {
        struct dn_folded *f = calloc(1, sizeof(*f));

        if (!f)
                return -ENOMEM;
        f->limit = memory_limit ? memory_limit : MEMORY_DEFAULT;
        *ret_folded = f;
        return 0;
}

struct dn_folded *dn_folded_free(struct dn_folded *folded) {
        if (!folded)
                return NULL;
        free(folded->list);
        dn_hash_free(&folded->first);
        dn_text_free(&folded->texts);
        dn_text_free(&folded->scratch);
        free(folded);
        return NULL;
}

/* A name as one frame of a line: what separates frames and lines is replaced. Blanks may stand within: the value is
 * behind the last one. */
static void put_name(struct dn_text *text, struct dn_str name) {
        size_t from = text->n;

        dn_utf8_put(text, dn_str_trim(name));
        for (size_t i = from; i < text->n; i++) {
                if (text->p[i] == ';')
                        text->p[i] = ':';
                else if ((unsigned char)text->p[i] < ' ' || text->p[i] == '\x7f')
                        text->p[i] = '_';
        }
        if (text->n == from)
                dn_text_put_char(text, '?');
}

static int fold(struct dn_folded *f, struct dn_str process, const struct dn_frames *frames, bool whole) {
        dn_autotext struct dn_text name = {0};
        struct dn_text *line = &f->scratch;

        dn_text_reset(line);
        put_name(line, process);
        if (!whole)
                dn_text_put(line, DN_STR(";[cut]"));
        for (uint32_t i = frames->n; i-- > 0;) {
                dn_text_reset(&name);
                dn_frame_put(&name, frames, &frames->list[i]);
                dn_text_put_char(line, ';');
                put_name(line, dn_text_str(&name));
                if (frames->list[i].kind == DN_FRAME_KERNEL)
                        dn_text_put(line, DN_STR("_[k]"));
        }
        return line->failed || name.failed ? -ENOMEM : 0;
}

/* FNV-1a. */
static uint64_t hash_of(struct dn_str s) {
        uint64_t h = UINT64_C(0xcbf29ce484222325);

        for (size_t i = 0; i < s.n; i++)
                h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
        return h;
}

static struct dn_str text_of(const struct dn_folded *f, const struct line *line) {
        return (struct dn_str){f->texts.p + line->place, line->n};
}

static int append(struct dn_folded *f, struct dn_str text, uint64_t hash, uint32_t next, uint64_t value) {
        void *grown;

        if (f->texts.n + text.n + f->n * sizeof(*f->list) > f->limit || f->texts.n + text.n > UINT32_MAX) {
                f->lost += value;
                return -ENOBUFS;
        }
        grown = dn_slots_reserve(f->list, &f->room, f->n, sizeof(*f->list));
        if (!grown)
                return -ENOMEM;
        f->list = grown;
        f->list[f->n] = (struct line){(uint32_t)f->texts.n, (uint32_t)text.n, next, value};
        dn_text_put(&f->texts, text);
        if (f->texts.failed || dn_hash_set(&f->first, hash, f->n) < 0)
                return -ENOMEM;
        f->n++;
        return 0;
}

int dn_folded_add(struct dn_folded *folded, struct dn_str process, const struct dn_frames *frames, bool whole,
                  uint64_t value) {
        int r = fold(folded, process, frames, whole);
        struct dn_str text = dn_text_str(&folded->scratch);
        uint64_t hash = hash_of(text);
        uint32_t first, next = 0;

        if (r < 0)
                return r;
        if (dn_hash_get(&folded->first, hash, &first))
                next = first + 1;
        for (uint32_t i = next; i > 0; i = folded->list[i - 1].next) {
                struct line *line = &folded->list[i - 1];

                if (dn_str_equal(text_of(folded, line), text)) {
                        line->value += value;
                        return 0;
                }
        }
        return append(folded, text, hash, next, value);
}

uint64_t dn_folded_lost(const struct dn_folded *folded) {
        return folded->lost;
}

static int by_text(const void *a, const void *b, void *context) {
        const struct dn_folded *f = context;
        struct dn_str x = text_of(f, &f->list[*(const uint32_t *)a]), y = text_of(f, &f->list[*(const uint32_t *)b]);
        int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);

        return order ? order : (x.n > y.n) - (x.n < y.n);
}

static int put_lines(const struct dn_folded *f, int fd) {
        dn_autofree uint32_t *order = calloc(f->n ? f->n : 1, sizeof(*order));
        FILE *to = order ? fdopen(fd, "w") : NULL;

        if (!to) {
                close(fd);
                return -ENOMEM;
        }
        for (uint32_t i = 0; i < f->n; i++)
                order[i] = i;
        qsort_r(order, f->n, sizeof(*order), by_text, (void *)(uintptr_t)f);
        for (uint32_t i = 0; i < f->n; i++) {
                const struct line *line = &f->list[order[i]];

                if (fprintf(to, "%.*s %llu\n", (int)line->n, f->texts.p + line->place,
                            (unsigned long long)line->value) < 0)
                        break;
        }
        if (ferror(to)) {
                int r = -errno;

                fclose(to);
                return r;
        }
        return fclose(to) == 0 ? 0 : -errno;
}

/* Beside the file, so that the name can change hands at once. */
static int write_anew(const struct dn_folded *f, const char *path) {
        dn_autotext struct dn_text beside = {0};
        int fd, r;

        dn_text_printf(&beside, "%s.%d.tmp", path, getpid());
        if (!dn_text_cstr(&beside))
                return -ENOMEM;
        fd = open(beside.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0)
                return -errno;
        r = put_lines(f, fd);
        if (r == 0 && rename(beside.p, path) < 0)
                r = -errno;
        if (r < 0)
                unlink(beside.p);
        return r;
}

int dn_folded_write(const struct dn_folded *folded, const char *path) {
        struct stat st;
        int fd;

        if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
                return write_anew(folded, path);
        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? -errno : put_lines(folded, fd);
}
