/* SPDX-License-Identifier: GPL-3.0-or-later
 * What lies where in the memory of a process: of /proc/PID/maps, or of the kernel's records of mappings (perf's MMAP2).
 * Only what can be executed is kept. */
#pragma once
#include "modules/symbols/build_id.h"

enum { DN_MAPS_MAX = 16384 }; /* mappings that are kept of one process; further ones are counted alone */

struct dn_mapping {
        uint64_t start, end; /* addresses, [start, end) */
        uint64_t offset;     /* of start, in the file */
        uint64_t device;     /* as makedev gives it; with inode 0: not known, or no file */
        uint64_t inode;
        struct dn_build_id build_id;
        uint32_t name;   /* where in the names; ends in NUL */
        bool executable; /* others are not kept: one that comes later takes their place all the same */
        bool deleted;    /* the name was taken from the file, or given to another one */
};

struct dn_maps {
        struct dn_mapping *list; /* by address, none over another */
        uint32_t n, room, lost;
        struct dn_text names;
        uint32_t names_kept; /* bytes, when old ones were dropped last */
};

void dn_maps_free(struct dn_maps *maps);

/* One line, without its newline. The name is a piece of it, with the kernel's "\012" for a newline left as it is, and
 * " (deleted)" cut off. 0, or -EBADMSG; the results are then untouched. */
int dn_maps_parse(struct dn_str line, struct dn_mapping *ret_mapping, struct dn_str *ret_name);

/* All of a maps file, in place of what there was. 0, -EBADMSG or -ENOMEM. */
int dn_maps_read(struct dn_maps *maps, struct dn_str file);

/* One more mapping, over what was there: as mmap does it. `name` as in the file's path, no escapes. 0 or -ENOMEM. */
int dn_maps_add(struct dn_maps *maps, const struct dn_mapping *mapping, struct dn_str name);

/* Where the address lies, or NULL. It is the maps', until they change. */
const struct dn_mapping *dn_maps_find(const struct dn_maps *maps, uint64_t address);

static inline const char *dn_mapping_name(const struct dn_maps *maps, const struct dn_mapping *mapping) {
        return maps->names.p + mapping->name;
}

/* There is a file behind it, which could be opened by its name: not the vdso, a heap or shared memory. */
bool dn_mapping_is_file(const struct dn_maps *maps, const struct dn_mapping *mapping);
