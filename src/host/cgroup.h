/* SPDX-License-Identifier: GPL-3.0-or-later
 * The cgroups that a process is in, as far as denet reads them: held directories, by /proc/PID/cgroup and where
 * mountinfo says that their hierarchies are mounted. */
#pragma once
#include "base/text.h"

/* The unified hierarchy (version 2), and four of version 1. */
enum dn_hierarchy { DN_UNIFIED, DN_CPUACCT, DN_MEMORY, DN_PIDS, DN_BLKIO, DN_HIERARCHIES };

enum { DN_CGROUP_NAME = 80 };

struct dn_cgroup {
        int version;                /* 2: of the unified hierarchy alone; 1: of others too; 0: of none */
        bool begun;                 /* by dn_cgroup_init: what follows are descriptors */
        bool own;                   /* made for this job, and empty but for it */
        int at[DN_HIERARCHIES];     /* its directories; -1: not in this one */
        int above[DN_HIERARCHIES];  /* own: what it was made in */
        char name[DN_CGROUP_NAME];  /* own: by this name */
        struct dn_text path;        /* from its hierarchy's root on, as /proc/PID/cgroup has it; of the first */
        struct dn_text controllers; /* names, a blank between */
        struct dn_text why, hint;   /* why there is none of its own or none at all, and what would help */
};

void dn_cgroup_init(struct dn_cgroup *c);
void dn_cgroup_close(struct dn_cgroup *c); /* removes nothing; of one that is all 0 too */

/* Opens those of this process ("self", "123") for reading; `proc`: where /proc is, NULL: there. 0; -ENOENT, and c->why
 * says it, where it is in none, which is what a hierarchy's root is to us: that counts all the machine. -ENOMEM. */
int dn_cgroup_find(struct dn_cgroup *c, const char *proc, const char *pid);

/* Opens the same into at[] (-1: none), where asked for the roots too; `path` is appended, of the first. 0 or -errno.
 * For own_cgroup. */
int dn_cgroup_locate(int proc, const char *pid, bool roots, int at[DN_HIERARCHIES], struct dn_text *path);
/* Calls `look` for each process in it and in what is below it; one may come twice. 0, or the first result below 0. */
int dn_cgroup_each(const struct dn_cgroup *c, int (*look)(void *user, int64_t pid), void *user);

/* A root has files that no other cgroup has, or lacks one that every other has. */
bool dn_cgroup_is_root(int hierarchy, int directory);
/* Fills in version and controllers by at[]. */
void dn_cgroup_describe(struct dn_cgroup *c);
