/* SPDX-License-Identifier: GPL-3.0-or-later
 * A process that gives the row back when denet is killed so that it cannot. It is to be started before the command, as
 * a child of denet's that no wait for any child finds, in a session of its own, with no descriptor but its pipe and the
 * terminal's; so it is in no tree that is measured. */
#pragma once
#include "cli/terminal.h"

#include <sys/types.h>

struct dn_helper {
        pid_t pid; /* 0: none */
        int pipe;
};

int dn_helper_start(struct dn_helper *h, const struct dn_terminal *t); /* 0 or -errno */
void dn_helper_tell(struct dn_helper *h, bool shown);
void dn_helper_end(struct dn_helper *h); /* waits for it */
