/* SPDX-License-Identifier: GPL-3.0-or-later
 * The programs that processes of the tree run, one after another: what lay where in the memory of each. */
#pragma once
#include "modules/ebpf/mappings.h"
#include "modules/symbols/space.h"

enum { DN_PROGRAMS = 256 };

struct dn_program {
        uint32_t tgid, exec; /* exec: 1 for the main process's first one, one more with each exec since; children begin
                                with their parent's */
        struct dn_space *space;
};

struct dn_programs {
        int proc; /* a descriptor of /proc */
        struct dn_program list[DN_PROGRAMS];
        uint32_t n, next; /* next: whose place is taken when there is no other */
};

int dn_programs_init(struct dn_programs *p); /* 0 or -errno */
void dn_programs_free(struct dn_programs *p);

/* NULL: not known, or forgotten. */
struct dn_program *dn_programs_find(struct dn_programs *p, uint32_t tgid, uint32_t exec);
/* One that is new. NULL without memory. Pointers to others may be of others then. */
struct dn_program *dn_programs_add(struct dn_programs *p, uint32_t tgid, uint32_t exec);
/* The kernel said so. */
void dn_programs_hear(struct dn_programs *p, const struct dn_mapping_news *news);
