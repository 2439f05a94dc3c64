/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/probe/hooks.h"
#include "base/guard.h"

#include <fcntl.h>

/* linux/btf.h, struct btf_header: offsets count from its end. */
struct header {
        uint16_t magic;
        uint8_t version, flags;
        uint32_t length, types_at, types_length, strings_at, strings_length;
};

enum { MAGIC = 0xeb9f, STRINGS_MAX = 64 << 20 };

static bool read_at(int fd, void *buffer, size_t size, off_t at) {
        for (size_t done = 0; done < size;) {
                ssize_t n = pread(fd, (char *)buffer + done, size - done, at + (off_t)done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return false;
                done += (size_t)n;
        }
        return true;
}

/* Each tracepoint has a type btf_trace_NAME; the names end in NUL each. */
static void look_for(struct dn_str strings, const char *const *names, size_t n, bool *there) {
        static const char before[] = "\0btf_trace_";
        const size_t length = sizeof(before) - 1;
        const char *end = strings.p + strings.n, *at = strings.p;

        while ((at = memmem(at, (size_t)(end - at), before, length))) {
                at += length;
                for (size_t i = 0; i < n; i++) {
                        size_t whole = strlen(names[i]) + 1;

                        there[i] |= (size_t)(end - at) >= whole && memcmp(at, names[i], whole) == 0;
                }
        }
}

int dn_hooks_find(int sys, const char *const *names, size_t n, bool *ret_there) {
        dn_autoclose int fd = openat(sys, "kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
        dn_autofree char *strings = NULL;
        struct header header;

        if (fd < 0)
                return -errno;
        if (!read_at(fd, &header, sizeof(header), 0) || header.magic != MAGIC || header.strings_length > STRINGS_MAX)
                return -EBADMSG;
        strings = malloc(header.strings_length);
        if (!strings)
                return -ENOMEM;
        if (!read_at(fd, strings, header.strings_length, (off_t)header.length + header.strings_at))
                return -EBADMSG;
        memset(ret_there, 0, n * sizeof(*ret_there));
        look_for((struct dn_str){strings, header.strings_length}, names, n, ret_there);
        return 0;
}
