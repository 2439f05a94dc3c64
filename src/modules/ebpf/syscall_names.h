/* SPDX-License-Identifier: GPL-3.0-or-later
 * What system calls are called, and what they are about. Numbers are as the programs have them: DN_BPF_COMPAT and more
 * are of the 32-bit table. */
#pragma once
#include "base/str.h"

enum dn_syscall_category {
        DN_SYSCALL_FILE_IO, /* files, directories, file systems, waiting on descriptors */
        DN_SYSCALL_MEMORY,
        DN_SYSCALL_PROCESS, /* processes, threads, scheduling, identity, limits */
        DN_SYSCALL_NETWORK,
        DN_SYSCALL_TIME,
        DN_SYSCALL_IPC, /* pipes, futexes, System V and POSIX queues, semaphores, event descriptors */
        DN_SYSCALL_SECURITY,
        DN_SYSCALL_SIGNAL,
        DN_SYSCALL_SYSTEM, /* the machine, its modules, BPF, perf */
        DN_SYSCALL_OTHER,
        DN_SYSCALL_KINDS
};

/* A constant text, of the 32-bit table with " (32-bit)" behind it; NULL of a number that is in no table. */
const char *dn_syscall_name(uint32_t number);
enum dn_syscall_category dn_syscall_category(uint32_t number);
/* By name; OTHER of one that is not known. */
enum dn_syscall_category dn_syscall_category_of(struct dn_str name);

/* "ENOENT", a constant text; NULL of one that has no name, or where libc says none. */
const char *dn_errno_name(uint32_t number);

/* Whether a list of names, each between blanks, has this one; of 32-bit tables, also without its 64, 32 or _time64. */
bool dn_syscall_is_among(const char *list, struct dn_str name);
