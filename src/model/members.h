/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who is in the tree: pid to slot, a slot's name. A slot is given back when its process has left, and used again. */
#pragma once
#include "base/hash.h"
#include "model/row.h"

enum { DN_NAME_USUAL = 15, DN_NAME_MAX = 64 }; /* comm: 15 bytes of a process, up to 63 of a kernel worker */

struct dn_long_name {
        char raw[DN_NAME_MAX], name[3 * DN_NAME_MAX + 1];
};

struct dn_member {
        struct dn_key key;
        struct dn_long_name *longer; /* owned; made when it is first called by more than DN_NAME_USUAL bytes */
        uint32_t slot;
        uint8_t raw_size, name_size;
        bool used;
        char raw[DN_NAME_USUAL];          /* as the kernel has it: any bytes */
        char name[3 * DN_NAME_USUAL + 1]; /* the same as UTF-8, ending in NUL */
};

struct dn_members {
        struct dn_member **by_slot; /* each stays where it is as long as the members live */
        uint32_t n, room;           /* slots ever used */
        uint32_t *free, n_free;
        struct dn_hash by_pid;
};

int dn_members_add(struct dn_members *m, struct dn_key key, struct dn_member **ret_member); /* 0 or -ENOMEM */
/* The member with this pid now; NULL where there is none. */
struct dn_member *dn_members_find(const struct dn_members *m, int64_t pid);
void dn_members_remove(struct dn_members *m, uint32_t slot);
/* Takes the kernel's name, cut to DN_NAME_MAX bytes (without memory to DN_NAME_USUAL), and gives it as UTF-8. */
struct dn_str dn_member_rename(struct dn_member *member, struct dn_str raw);
struct dn_str dn_member_name(const struct dn_member *member); /* borrowed from it; a NUL stands behind it */
bool dn_member_is_named(const struct dn_member *member, struct dn_str raw);
void dn_members_free(struct dn_members *m);
