/* SPDX-License-Identifier: GPL-3.0-or-later
 * A cgroup of the job's own: made below denet's, entered by the command before its first instruction, removed once it
 * is empty. Its name, denet-PID-STARTTICKS, says whose it is: what an owner left behind that is gone, the next one
 * removes. An owner that lives also holds a lock (flock) on it, since another PID namespace has other numbers. */
#pragma once
#include "host/cgroup.h"

#include <sys/types.h>

/* Makes it, below where this process is, in the unified hierarchy; with `require` in those of version 1 too, and
 * controllers are enabled for it, where the cgroup above is the root. 0; -errno, nothing
 * made, and c->why and c->hint say it: also where the cgroup above is a batch system's or a container's, which is not
 * ours to change. `proc`: where /proc is, NULL: there. */
int dn_own_cgroup_make(struct dn_cgroup *c, const char *proc, bool require);

/* Moves a process there that CLONE_INTO_CGROUP has not put there: `unified` where that is needed in the unified
 * hierarchy too. 0 or -errno, and c->why. */
int dn_own_cgroup_join(struct dn_cgroup *c, pid_t pid, bool unified);

/* KILL to all that are in it and below it, at one moment, so that nobody is born meanwhile: where the kernel has that
 * (5.14), and the unified hierarchy is there. */
void dn_own_cgroup_kill(const struct dn_cgroup *c);

/* Removes it if it is empty, and closes it all. */
void dn_own_cgroup_remove(struct dn_cgroup *c);

/* Sweeps where it was made: when there is time for it. */
void dn_own_cgroup_tidy(const struct dn_cgroup *c);

/* Removes below this directory what dead owners left there, as far as it is empty. Nothing of another name. */
void dn_own_cgroup_sweep(int proc, int directory);
