/* SPDX-License-Identifier: GPL-3.0-or-later
 * A child that is this process's own business: no wait for any child finds it, and no signal announces its end. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/* As fork, by clone(2) itself: of a process with several threads the child may not use what these may have locked, as
 * malloc is. The child has all signals blocked. To be waited for by its number, with __WALL. -1, and errno. */
pid_t dn_apart_fork(void);

/* What of /proc is open here says that the caller is its process's only thread. */
bool dn_apart_is_alone(int proc);
