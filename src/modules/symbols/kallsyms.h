/* SPDX-License-Identifier: GPL-3.0-or-later
 * The kernel's names, where /proc/kallsyms shows addresses (as root, or with CAP_SYSLOG and kptr_restrict below 2). */
#pragma once
#include "base/text.h"

struct dn_kallsyms {
        struct dn_kernel_symbol *list; /* by address */
        uint32_t n, room;
        struct dn_text names; /* "name" or "name [module]", each ends in NUL */
};

struct dn_kernel_symbol {
        uint64_t start;
        uint32_t name;
};

/* One line without its newline. 1; 0: a symbol of no code; -EBADMSG. The name is a piece of it, with "\t[module]". */
int dn_kallsyms_parse(struct dn_str line, uint64_t *ret_start, struct dn_str *ret_name);

/* A whole file, with no more than so many symbols. 0; -EACCES: addresses are not shown; -ENOMEM; -errno. */
int dn_kallsyms_read(struct dn_kallsyms *k, int proc);
void dn_kallsyms_free(struct dn_kallsyms *k);

/* NULL where there is none. */
const char *dn_kallsyms_find(const struct dn_kallsyms *k, uint64_t address, uint64_t *ret_start);
