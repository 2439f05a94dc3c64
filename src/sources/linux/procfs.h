/* SPDX-License-Identifier: GPL-3.0-or-later
 * /proc, from a root that tests replace. A process's directory is held as long as it is a member: what is opened below
 * it is surely of that process, whatever becomes of its pid, and once it has gone reads as ESRCH. Its frequent files
 * are held open too, as far as the descriptor limit goes. Where that is reached, the directories are given up first
 * (what is opened by the pid right before or after a held file was read is of the same process), then the files of
 * those that have slept for a while; beyond, each is opened for its reading. */
#pragma once
#include "sources/source.h"

enum dn_held_file { DN_HELD_STAT, DN_HELD_IO, DN_HELD_STATM, DN_HELD_FILES };

struct dn_held_process {
        int64_t pid;
        int directory;
        int file[DN_HELD_FILES]; /* -1: not open; -2: refused, not to be tried again */
        uint32_t read_in;        /* the pass of its last reading */
        bool used;
};

struct dn_procfs {
        int root;
        uint32_t held, limit; /* descriptors in use for processes, and how many may be */
        uint32_t room;
        struct dn_held_process *by_slot;
        uint32_t pass;   /* counts them */
        uint32_t hand;   /* the slot where the next descriptor is looked for, when none is left */
        bool lean;       /* the limit was reached: of a process two files are held, no more */
        bool real;       /* the machine's own: its clocks belong to its processes */
        int64_t self;    /* this process's pid there; 0 in a recorded tree, where it is somebody else's */
        int64_t tick_us; /* of utime and its like */
        int64_t page_kb; /* of statm's numbers */
        /* CPU time of all threads of a process, the dead ones too, in ns. False: no such process. NULL: there is no
         * such clock, as of a recorded tree; a test puts its own here. */
        bool (*cpu_clock)(const struct dn_procfs *p, int64_t pid, int64_t *ret_ns);
};

/* A pass begins: what it does not read has slept. */
void dn_procfs_begin(struct dn_procfs *p);

/* Begins to hold the process of this slot. 0; -ENOENT, -ESRCH: it has gone; -ENOMEM. */
int dn_procfs_hold(struct dn_procfs *p, uint32_t slot, int64_t pid);
void dn_procfs_release(struct dn_procfs *p, uint32_t slot);

/* stat of a process that is no member, perhaps, into the buffer: its size, or -errno. */
int dn_procfs_read_stat(struct dn_procfs *p, int64_t pid, char *buffer, size_t room);

/* Reads a frequent file whole (at most room bytes): its size, or -errno. */
int dn_procfs_read(struct dn_procfs *p, uint32_t slot, int file, char *buffer, size_t room);
/* Any other below the process's directory. */
int dn_procfs_read_at(struct dn_procfs *p, uint32_t slot, const char *path, char *buffer, size_t room);
/* A descriptor of a directory below it, to be closed by the caller, or -errno. */
int dn_procfs_open_at(struct dn_procfs *p, uint32_t slot, const char *path);
