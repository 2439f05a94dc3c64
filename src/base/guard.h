/* SPDX-License-Identifier: GPL-3.0-or-later
 * Cleanup by scope: a variable that is marked with one of these gives up what it holds when it goes out of sight. */
#pragma once
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define DN_GUARD(clean) __attribute__((cleanup(clean)))

/* `dn_autofree char *p = NULL;` */
#define dn_autofree DN_GUARD(dn_guard_free)
static inline void dn_guard_free(void *pointer) {
        free(*(void **)pointer);
}

/* `dn_autoclose int fd = -1;` errno is kept, since it often holds the reason for leaving. */
#define dn_autoclose DN_GUARD(dn_guard_close)
static inline void dn_guard_close(const int *fd) {
        int kept = errno;

        if (*fd >= 0)
                close(*fd);
        errno = kept;
}

/* `dn_autotext struct dn_text text = {0};` */
#define dn_autotext DN_GUARD(dn_text_free)

#define dn_autodir DN_GUARD(dn_guard_closedir)
static inline void dn_guard_closedir(DIR **dir) {
        if (*dir)
                closedir(*dir);
}

/* `dn_autodir DIR *dir = dn_entries_of(fd);` The descriptor belongs to it, or is closed. NULL: fd is below 0, or there
 * is no memory. */
static inline DIR *dn_entries_of(int fd) {
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (!dir && fd >= 0)
                close(fd);
        return dir;
}

/* Takes a value out of a guarded variable: `return dn_steal_fd(&fd);` */
static inline int dn_steal_fd(int *fd) {
        int taken = *fd;

        *fd = -1;
        return taken;
}
#define dn_steal(pointer) \
        ({ \
                __typeof__(*(pointer)) dn_taken_ = *(pointer); \
                *(pointer) = NULL; \
                dn_taken_; \
        })
