/* SPDX-License-Identifier: GPL-3.0-or-later
 * The files that are kept open, with their tables: bounded in number and memory, what was asked for least recently goes
 * first. An open file keeps its inode from being given to another one. */
#pragma once
#include "modules/symbols/elf.h"
#include "modules/symbols/space.h"

enum { DN_FILES_MAX = 256 };

struct dn_file {
        uint64_t device, inode;
        struct dn_build_id build_id;
        struct dn_elf *elf; /* NULL: it could not be opened */
        uint64_t looked_ns; /* when it was opened, or looked at last */
        bool debug_looked;
};

struct dn_files {
        struct dn_file list[DN_FILES_MAX]; /* the last one asked for in front */
        uint32_t n;
        size_t limit;   /* bytes */
        int debug_root; /* or -1; closed with the rest */
};

/* NULL where it cannot be had; stays until the next call. With `symbols`, a debug file is looked for once. */
struct dn_elf *dn_files_get(struct dn_files *files, const struct dn_space *space, const struct dn_mapping *mapping,
                            bool symbols);
void dn_files_free(struct dn_files *files);
