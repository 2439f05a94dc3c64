/* SPDX-License-Identifier: GPL-3.0-or-later
 * What runs between clone and exec. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { DN_SPAWN_STACK_SIZE = 64 * 1024 };

/* All that the child needs, put together before it exists. */
struct dn_spawn_plan {
        char **paths; /* the files to try, NULL at the end */
        char *const *argv, *const *env;
        char **shell_argv; /* for a script without #!: sh, the path, the arguments */
        const char *cwd;
        int stdio[3]; /* -1: as it is */
        int hold, hold_parent_end, report;
        bool limit;
        bool lay_down; /* what its parent has laid down of its rights it has not at all */
        struct rlimit nofile;
        uint64_t mask, ignored, defaulted;
        int cgroup;            /* -1: the caller's */
        bool handlers_cleared; /* by the kernel: what the parent catches is at its default */
};

/* It may run in the parent's memory while the parent goes on. */
extern const bool dn_spawn_can_share;

/* Waits to be let go, becomes the command, or reports why not and ends. The argument is a struct dn_spawn_plan. */
int dn_spawn_child(void *argument);

/* Clones, in the cgroup of the plan where that can be, its memory shared where that can be; `stack` is
 * DN_SPAWN_STACK_SIZE bytes. The child's pid, or -errno. Signals are to be blocked. */
pid_t dn_spawn_clone(struct dn_spawn_plan *plan, void *stack, int *ret_pidfd, bool *ret_in_cgroup);
