/* SPDX-License-Identifier: GPL-3.0-or-later
 * A child of this process that works for the sources, and is none of the tree's. */
#pragma once
#include "sources/linux/parse_io.h"

#include <stdbool.h>
#include <sys/types.h>

struct dn_loader {
        pid_t pid;       /* 0: it was waited for */
        struct dn_io io; /* by its own account, at its end … */
        bool has_io;     /* … which it has given */
};
