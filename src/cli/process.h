/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the program changes of its own process, which the library never does, and who another one is. */
#pragma once
#include "base/text.h"

/* Of capabilities that the program's file gives, what eBPF takes stays permitted, to be taken up for loading alone;
 * none is in force, and files are opened with the caller's own rights. The first thing that the program does. 0, also
 * where there are none, or -errno. */
int dn_process_lay_down_rights(void);

/* The environment as the caller gave it, where the file's capabilities had the loader take variables out of ours
 * (LD_LIBRARY_PATH, TMPDIR …): the command has none of these rights, and is to have them. NULL: ours is whole. Freed
 * with free. */
char **dn_process_environment(void);

/* Orphans of the command come to us. 0 or -errno. */
int dn_process_become_subreaper(void);

/* Raises the soft descriptor limit to the hard one; returns what it was, which the command gets; 0: unchanged. */
uint64_t dn_process_raise_descriptors(void);

/* Descriptors 0 to 2 that are closed are taken, so that nothing of ours lands there; the command sees them closed. */
void dn_process_fill_stdio(void);

/* Appends who that is: `postgres, user postgres`. Nothing where it is not to be seen. */
void dn_process_who(int64_t pid, struct dn_text *text);

/* It is there, and /proc does not show it to this user. */
bool dn_process_unseen(int64_t pid);
