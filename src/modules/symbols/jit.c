/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/jit.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/slots.h"
#include "modules/symbols/open.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

struct entry {
        uint64_t start;
        uint32_t size, name, name_n;
        uint32_t number; /* in the order of the file: what comes later lies over what came before */
};

struct dn_jit {
        struct entry *list;
        uint32_t n, room;
        bool sorted;
        struct dn_text names;
        dev_t device;
        ino_t inode;
        off_t done; /* bytes of the file that were read */
};

/* How many that begin below an address are looked at for one that reaches over it. */
enum { BACK_MAX = 64 };

int dn_jit_new(struct dn_jit **ret_jit) {
        *ret_jit = calloc(1, sizeof(**ret_jit));
        return *ret_jit ? 0 : -ENOMEM;
}

struct dn_jit *dn_jit_free(struct dn_jit *jit) {
        if (!jit)
                return NULL;
        free(jit->list);
        dn_text_free(&jit->names);
        free(jit);
        return NULL;
}

static int digit_of(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Cuts a hexadecimal number and the blank behind it off the front; "0x" may stand before it. */
static bool take_hex(struct dn_str *rest, uint64_t *ret_value) {
        uint64_t value = 0;
        size_t i = dn_str_starts(*rest, DN_STR("0x")) ? 2 : 0, first = i;

        for (; i < rest->n && digit_of(rest->p[i]) >= 0; i++) {
                if (value >> 60)
                        return false;
                value = value << 4 | (uint64_t)digit_of(rest->p[i]);
        }
        if (i == first || i == rest->n || rest->p[i] != ' ')
                return false;
        *ret_value = value;
        *rest = (struct dn_str){rest->p + i + 1, rest->n - i - 1};
        return true;
}

int dn_jit_parse(struct dn_str line, uint64_t *ret_start, uint64_t *ret_size, struct dn_str *ret_name) {
        uint64_t start, size, end;

        if (!take_hex(&line, &start) || !take_hex(&line, &size) || size == 0 || size > UINT32_MAX ||
            __builtin_add_overflow(start, size, &end))
                return -EBADMSG;
        line = dn_str_trim(line);
        if (line.n == 0 || memchr(line.p, '\0', line.n))
                return -EBADMSG;
        if (line.n > DN_JIT_NAME_MAX)
                line.n = DN_JIT_NAME_MAX;
        *ret_start = start;
        *ret_size = size;
        *ret_name = line;
        return 0;
}

static int add_line(struct dn_jit *jit, struct dn_str line) {
        struct dn_str name;
        uint64_t start, size;
        void *grown;

        if (jit->n == DN_JIT_ENTRIES || jit->names.n > DN_JIT_FILE_MAX || dn_jit_parse(line, &start, &size, &name) < 0)
                return 0;
        grown = dn_slots_reserve(jit->list, &jit->room, jit->n, sizeof(*jit->list));
        if (!grown)
                return -ENOMEM;
        jit->list = grown;
        jit->list[jit->n] = (struct entry){start, (uint32_t)size, (uint32_t)jit->names.n, (uint32_t)name.n, jit->n};
        dn_text_put(&jit->names, name);
        if (jit->names.failed)
                return -ENOMEM;
        jit->n++;
        jit->sorted = false;
        return 0;
}

int dn_jit_add(struct dn_jit *jit, struct dn_str lines) {
        struct dn_str line;
        int r = 0;

        while (r == 0 && dn_str_cut(&lines, '\n', &line))
                r = add_line(jit, line);
        return r;
}

static void begin_again(struct dn_jit *jit, const struct stat *st) {
        jit->n = 0;
        jit->done = 0;
        dn_text_reset(&jit->names);
        jit->device = st->st_dev;
        jit->inode = st->st_ino;
}

/* The last line may be half written. */
static int read_more(struct dn_jit *jit, int fd) {
        dn_autotext struct dn_text text = {0};
        struct dn_str lines;
        int r;

        if (lseek(fd, jit->done, SEEK_SET) < 0)
                return -errno;
        r = dn_file_append_fd(fd, (size_t)(DN_JIT_FILE_MAX - jit->done), &text);
        if (r < 0)
                return r;
        lines = dn_text_str(&text);
        while (lines.n > 0 && lines.p[lines.n - 1] != '\n')
                lines.n--;
        jit->done += (off_t)lines.n;
        return dn_jit_add(jit, lines);
}

int dn_jit_read(struct dn_jit *jit, int root, pid_t inner_pid, uid_t uid) {
        char name[48];
        dn_autoclose int fd = -1;
        struct stat st;

        snprintf(name, sizeof(name), "tmp/perf-%d.map", inner_pid);
        fd = dn_open_below(root, name, O_NOFOLLOW);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != uid)
                return -EPERM;
        if (st.st_dev != jit->device || st.st_ino != jit->inode || st.st_size < jit->done)
                begin_again(jit, &st);
        if (st.st_size == jit->done)
                return 0;
        return jit->done >= DN_JIT_FILE_MAX ? -EFBIG : read_more(jit, fd);
}

static int by_start(const void *a, const void *b) {
        const struct entry *x = a, *y = b;

        if (x->start != y->start)
                return x->start < y->start ? -1 : 1;
        return x->number < y->number ? -1 : x->number > y->number;
}

static uint32_t count_up_to(const struct dn_jit *jit, uint64_t address) {
        uint32_t low = 0, high = jit->n;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;

                if (jit->list[middle].start <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

bool dn_jit_find(struct dn_jit *jit, uint64_t address, struct dn_str *ret_name, uint64_t *ret_start) {
        const struct entry *best = NULL;
        uint32_t n;

        if (!jit->sorted && jit->n > 0)
                qsort(jit->list, jit->n, sizeof(*jit->list), by_start);
        jit->sorted = true;
        n = count_up_to(jit, address);
        for (uint32_t back = 0; back < BACK_MAX && back < n; back++) {
                const struct entry *e = &jit->list[n - 1 - back];

                if (address - e->start < e->size && (!best || e->number > best->number))
                        best = e;
        }
        if (!best)
                return false;
        *ret_name = (struct dn_str){jit->names.p + best->name, best->name_n};
        *ret_start = best->start;
        return true;
}

size_t dn_jit_bytes(const struct dn_jit *jit) {
        return jit->room * sizeof(*jit->list) + jit->names.room;
}
