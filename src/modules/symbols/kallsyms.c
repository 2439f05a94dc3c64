/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/kallsyms.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/slots.h"

#include <fcntl.h>

enum {
        SYMBOLS_MAX = 1 << 19,
        NAMES_MAX = 32 << 20,
        PIECE = 256 << 10,
};

void dn_kallsyms_free(struct dn_kallsyms *k) {
        free(k->list);
        dn_text_free(&k->names);
        *k = (struct dn_kallsyms){0};
}

int dn_kallsyms_parse(struct dn_str line, uint64_t *ret_start, struct dn_str *ret_name) {
        uint64_t value = 0;
        size_t i = 0;
        char type;

        for (; i < line.n && i < 16; i++) {
                char c = line.p[i];

                if (c >= '0' && c <= '9')
                        value = value << 4 | (uint64_t)(c - '0');
                else if (c >= 'a' && c <= 'f')
                        value = value << 4 | (uint64_t)(c - 'a' + 10);
                else
                        break;
        }
        if (i == 0 || line.n < i + 4 || line.p[i] != ' ' || line.p[i + 2] != ' ')
                return -EBADMSG;
        type = line.p[i + 1];
        *ret_start = value;
        *ret_name = (struct dn_str){line.p + i + 3, line.n - i - 3};
        return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

static int add(struct dn_kallsyms *k, uint64_t start, struct dn_str name) {
        void *grown;

        if (k->n == SYMBOLS_MAX || k->names.n > NAMES_MAX)
                return 0;
        grown = dn_slots_reserve(k->list, &k->room, k->n, sizeof(*k->list));
        if (!grown)
                return -ENOMEM;
        k->list = grown;
        k->list[k->n++] = (struct dn_kernel_symbol){start, (uint32_t)k->names.n};
        for (size_t i = 0; i < name.n; i++)
                dn_text_put_char(&k->names, name.p[i] == '\t' ? ' ' : name.p[i]);
        dn_text_put_char(&k->names, '\0');
        return k->names.failed ? -ENOMEM : 0;
}

static int add_lines(struct dn_kallsyms *k, struct dn_str lines) {
        struct dn_str line, name;
        uint64_t start;
        int r = 0;

        while (r == 0 && dn_str_cut(&lines, '\n', &line))
                if (dn_kallsyms_parse(line, &start, &name) > 0 && start > 0)
                        r = add(k, start, name);
        return r;
}

/* In pieces: the file is several times as long as what is kept. */
static int read_all(struct dn_kallsyms *k, int fd) {
        dn_autofree char *buffer = malloc(PIECE);
        size_t held = 0, whole;

        if (!buffer)
                return -ENOMEM;
        for (;;) {
                ssize_t n = read(fd, buffer + held, PIECE - held);
                const char *end;
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                held += (size_t)n;
                end = memrchr(buffer, '\n', held);
                whole = end ? (size_t)(end - buffer) + 1 : 0;
                r = add_lines(k, (struct dn_str){buffer, whole});
                if (r < 0 || (whole == 0 && held == PIECE))
                        return r < 0 ? r : -EBADMSG;
                held -= whole;
                memmove(buffer, buffer + whole, held);
        }
}

/* Of several names of one address the first stays in front: that is what the kernel itself prints. */
static int by_start(const void *a, const void *b) {
        const struct dn_kernel_symbol *x = a, *y = b;

        if (x->start != y->start)
                return x->start < y->start ? -1 : 1;
        return x->name < y->name ? -1 : x->name > y->name;
}

int dn_kallsyms_read(struct dn_kallsyms *k, int proc) {
        dn_autoclose int fd = openat(proc, "kallsyms", O_RDONLY | O_CLOEXEC);
        int r;

        dn_kallsyms_free(k);
        if (fd < 0)
                return -errno;
        r = read_all(k, fd);
        if (r == 0 && k->n == 0)
                r = -EACCES;
        if (r < 0) {
                dn_kallsyms_free(k);
                return r;
        }
        qsort(k->list, k->n, sizeof(*k->list), by_start);
        return 0;
}

const char *dn_kallsyms_find(const struct dn_kallsyms *k, uint64_t address, uint64_t *ret_start) {
        uint32_t low = 0, high = k->n;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;

                if (k->list[middle].start <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == 0)
                return NULL;
        low--;
        while (low > 0 && k->list[low - 1].start == k->list[low].start)
                low--;
        *ret_start = k->list[low].start;
        return k->names.p + k->list[low].name;
}
