/* SPDX-License-Identifier: GPL-3.0-or-later
 * A command started and held before its exec, so that it can be observed from its first instruction on. What it
 * inherits is what the caller has: signal mask and dispositions, group, terminal, environment, limits. Being held costs
 * it no I/O of its own: it waits in poll, and reads nothing. */
#pragma once
#include "base/text.h"

#include <sys/types.h>

struct dn_spawn {
        char *const *argv;  /* argv[0] is looked for in PATH (of `env`, where given), as a shell does */
        const char *cwd;    /* NULL: the caller's */
        char *const *env;   /* NULL: the caller's */
        const int *stdio;   /* its three descriptors, -1: /dev/null; NULL: the caller's */
        uint64_t nofile;    /* its soft limit of descriptors; 0: the caller's */
        uint64_t ignored;   /* signals that it ignores besides those that the caller does: bit N-1 is N */
        uint64_t defaulted; /* and that are at their default, though the caller ignores them */
        const int *
                cgroup; /* a directory of cgroup2: it begins in there, where the kernel does that; NULL: the caller's */
};

struct dn_held {
        pid_t pid;
        int pidfd;           /* readable when it has ended */
        bool in_cgroup;      /* it is in the one that was asked for */
        int release, report; /* -1 once it was let go */
        void *memory;        /* what it runs on until then */
};

/* Starts it up to where it waits. 0 or -errno (also -ENOENT and -EACCES of the working directory's come only from
 * dn_spawn_release). The child is the caller's to wait for. */
int dn_spawn_hold(const struct dn_spawn *s, struct dn_held *ret_held);

/* Lets it go and waits for its exec: 0, or -errno of what failed: -ENOENT, -EACCES … In that case it has ended, and
 * was waited for. */
int dn_spawn_release(struct dn_held *held);

/* Ends and waits for one that was not let go; closes what is open. After a release: closes the pidfd alone. */
void dn_spawn_close(struct dn_held *held);

/* The file that argv[0] names, by the same search: the first that is there and executable. False where there is none.
 */
bool dn_spawn_find(const char *name, char *const *env, struct dn_text *path);
