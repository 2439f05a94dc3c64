/* SPDX-License-Identifier: GPL-3.0-or-later
 * The memory of a process from one exec to the next, or to its end: what is mapped where, and who wrote code there at
 * run time. One thread at a time. */
#pragma once
#include "modules/symbols/maps.h"

#include <sys/types.h>

struct dn_jit;

struct dn_space {
        pid_t pid;       /* as we see it */
        pid_t inner_pid; /* as it sees itself: what it calls its perf map by */
        uid_t uid;       /* whose files are believed */
        int proc;        /* its /proc directory, or -1 */
        bool read;       /* its maps have been read once */
        struct dn_maps maps;
        uint64_t vdso;    /* where it begins: elsewhere after an exec, if addresses are random. 0: not known */
        dev_t device;     /* of the program's file, which is another one after most execs */
        ino_t inode;      /* 0: not known */
        uint64_t read_ns; /* when the maps were read last: monotonic */
        struct dn_jit *jit;
};

/* Of a process that runs, or has run: where it is gone, what is given to dn_space_map is all that is known. `proc` is a
 * descriptor of /proc, and stays the caller's. */
int dn_space_new(int proc, pid_t pid, struct dn_space **ret_space);
struct dn_space *dn_space_free(struct dn_space *space);

/* A child's, as fork leaves it. */
int dn_space_fork(const struct dn_space *parent, int proc, pid_t pid, struct dn_space **ret_space);

/* What is mapped now. 0; -ESRCH when the process is gone; -ESTALE when it is another program since (exec): what was
 * known stays. */
int dn_space_read(struct dn_space *space);

/* The kernel said so (perf's MMAP2). 0 or -ENOMEM. */
int dn_space_map(struct dn_space *space, const struct dn_mapping *mapping, struct dn_str name);
