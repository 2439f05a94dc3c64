/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/extract.h"
#include "base/guard.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES = 512 };

/* The kernel's types that the programs speak of: without what stands behind ___, which tells variants apart. */
static size_t list_names(const struct btf *own, struct dn_str *names) {
        size_t n = 0;

        for (uint32_t id = 1; id < btf__type_cnt(own) && n < NAMES; id++) {
                const struct btf_type *type = btf__type_by_id(own, id);
                const char *name = btf__name_by_offset(own, type->name_off), *variant;

                if (!btf_is_composite(type) && !btf_is_any_enum(type) && !btf_is_typedef(type))
                        continue;
                names[n] = dn_str_of(name);
                variant = strstr(names[n].p, "___");
                if (variant)
                        names[n].n = (size_t)(variant - names[n].p);
                n += names[n].n > 0;
        }
        return n;
}

static int read_whole(int fd, char *to, size_t size) {
        size_t got = 0;
        ssize_t n;

        while (got < size) {
                n = read(fd, to + got, size - got);
                if (n == 0 || (n < 0 && errno != EINTR))
                        return n < 0 ? -errno : -EBADMSG;
                got += n > 0 ? (size_t)n : 0;
        }
        return 0;
}

/* All of the kernel's types: mapped, from Linux 6.15 on, or read. munmap it. */
static int map_types(struct dn_str *ret_types) {
        dn_autoclose int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
        struct stat st;
        void *types;
        int r = 0;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        types = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (types == MAP_FAILED) {
                types = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (types == MAP_FAILED)
                        return -errno;
                r = read_whole(fd, types, (size_t)st.st_size);
        }
        if (r < 0)
                munmap(types, (size_t)st.st_size);
        else
                *ret_types = (struct dn_str){types, (size_t)st.st_size};
        return r;
}

int dn_extract_make(const struct btf *own, struct dn_kernel_number *numbers, size_t n, struct dn_text *ret_btf) {
        struct dn_str names[NAMES], types = DN_STR("");
        size_t n_names = list_names(own, names);
        int r = n_names == NAMES ? -ENOBUFS : map_types(&types);

        if (r < 0)
                return r;
        r = dn_kernel_types_extract(types, names, n_names, numbers, n, ret_btf);
        munmap((void *)(uintptr_t)types.p, types.n);
        return r;
}
