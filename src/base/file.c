/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/guard.h"

#include <fcntl.h>

int dn_file_directory(int below, const char *path) {
        int fd = openat(below, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int dn_file_reread(int fd, char *buffer, size_t room) {
        ssize_t n;

        do
                n = pread(fd, buffer, room, 0);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : (int)n;
}

static int open_to_read(int directory, const char *path) {
        int fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        return fd < 0 ? -errno : fd;
}

int dn_file_read(int directory, const char *path, char *buffer, size_t room) {
        dn_autoclose int fd = open_to_read(directory, path);

        return fd < 0 ? fd : dn_file_reread(fd, buffer, room);
}

int dn_file_append_fd(int fd, size_t limit, struct dn_text *text) {
        while (limit > 0) {
                size_t want = limit < 4096 ? limit : 4096;
                char *p = dn_text_reserve(text, want);
                ssize_t n = p ? read(fd, p, want) : 0;

                if (!p)
                        return -ENOMEM;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                text->n += (size_t)n;
                limit -= (size_t)n;
        }
        return 0;
}

int dn_file_append(int directory, const char *path, size_t limit, struct dn_text *text) {
        dn_autoclose int fd = open_to_read(directory, path);

        return fd < 0 ? fd : dn_file_append_fd(fd, limit, text);
}

int dn_file_u64(int directory, const char *path, uint64_t *ret_value) {
        char buffer[64];
        int n = dn_file_read(directory, path, buffer, sizeof(buffer));

        if (n < 0)
                return n;
        return dn_str_u64(dn_str_trim((struct dn_str){buffer, (size_t)n}), ret_value) ? 0 : -EBADMSG;
}
