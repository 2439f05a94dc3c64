/* SPDX-License-Identifier: GPL-3.0-or-later
 * Files as a process sees them: below its root, whatever links lie there. */
#pragma once
#include "modules/symbols/space.h"

/* A path below a root directory, links resolved as for a process whose root that is; to read, never waiting. `flags`
 * are further ones of open(2). A descriptor, or -errno. */
int dn_open_below(int root, const char *path, int flags);

/* The root of the process, or ours where it is gone. A descriptor, or -errno. */
int dn_open_root(const struct dn_space *space);

/* The file that is mapped there, and no other: by /proc/PID/map_files where that is allowed, or else by its name, if
 * the inode is the same. A file that is known by its build-id alone (inode 0) may be another one by then: the caller
 * compares. A descriptor; -ESTALE: another file has that name; -errno. */
int dn_open_mapped(const struct dn_space *space, const struct dn_mapping *mapping);
