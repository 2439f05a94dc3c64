/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/open.h"
#include "base/guard.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

int dn_open_below(int root, const char *path, int flags) {
        struct open_how how = {
                .flags = (uint64_t)(O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags),
                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
        };
        int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

        return fd < 0 ? -errno : fd;
}

int dn_open_root(const struct dn_space *space) {
        int fd = space->proc >= 0 ? openat(space->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

        if (fd < 0 && (space->proc < 0 || errno == ENOENT || errno == ESRCH))
                fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* A file system may tell another device in maps than in stat (btrfs, overlayfs): one without a number of its own. */
static bool is_same_file(int fd, const struct dn_mapping *mapping) {
        struct stat st;

        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return false;
        if (mapping->inode == 0)
                return true;
        return st.st_ino == mapping->inode &&
               (st.st_dev == mapping->device || major(st.st_dev) == 0 || major(mapping->device) == 0);
}

static int open_by_range(const struct dn_space *space, const struct dn_mapping *mapping) {
        char name[64];
        int fd;

        if (space->proc < 0)
                return -ESRCH;
        snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, mapping->start, mapping->end);
        fd = openat(space->proc, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

int dn_open_mapped(const struct dn_space *space, const struct dn_mapping *mapping) {
        const char *name = dn_mapping_name(&space->maps, mapping);
        dn_autoclose int root = -1, fd = open_by_range(space, mapping);

        if (fd >= 0 && is_same_file(fd, mapping))
                return dn_steal_fd(&fd);
        if (!dn_mapping_is_file(&space->maps, mapping))
                return -ENOENT;
        root = dn_open_root(space);
        if (root < 0)
                return root;
        if (fd >= 0)
                close(fd);
        fd = dn_open_below(root, name, 0);
        if (fd < 0)
                return fd;
        return is_same_file(fd, mapping) ? dn_steal_fd(&fd) : -ESTALE;
}
