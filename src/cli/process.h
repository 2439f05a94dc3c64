/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the program changes of its own process; the library never does. */
#pragma once
#include <stdint.h>

/* Orphans of the command come to us. 0 or -errno. */
int dn_process_become_subreaper(void);

/* Raises the soft descriptor limit to the hard one; returns what it was, which the command gets; 0: unchanged. */
uint64_t dn_process_raise_descriptors(void);

/* Descriptors 0 to 2 that are closed are taken, so that nothing of ours lands there; the command sees them closed. */
void dn_process_fill_stdio(void);
