/* SPDX-License-Identifier: GPL-3.0-or-later
 * Inside of a struct dn_elf, for the sources that read one: elf.c, table.c, dwarf.c, inlined.c, cfi.c. */
#pragma once
#include "modules/symbols/elf.h"

#include <elfutils/libdw.h>
#include <gelf.h>
#include <time.h>

/* Where code of the file lies, in it and in memory. */
struct dn_segment {
        uint64_t offset, size, address;
};

struct dn_symbol_entry {
        uint64_t start;
        uint32_t size;
        uint32_t name; /* in the strings */
};

/* Symbols of functions, by address, one for each. */
struct dn_symbol_table {
        struct dn_symbol_entry *list;
        uint32_t n;
        struct dn_str names; /* libelf's; ends in NUL */
};

/* Code, and whose it is: a unit's number, or where a function's entry lies. */
struct dn_range {
        uint64_t low, high, entry;
};

struct dn_ranges {
        struct dn_range *list;
        uint32_t n, room;
};

/* A compilation unit. */
struct dn_unit {
        Dwarf_Off die; /* its first entry */
        bool read;
        struct dn_ranges functions;
};

struct dn_units {
        bool read;
        struct dn_unit *list;
        uint32_t n, room;
        struct dn_ranges code;
};

void dn_units_free(struct dn_units *units);

struct dn_elf {
        int fd, debug_fd;
        char *image; /* of one that lies in memory */
        Elf *elf, *debug;
        struct dn_build_id build_id;
        struct dn_segment *segments;
        uint32_t n_segments;
        size_t size, bytes;      /* of the file; of what is kept of it */
        struct timespec changed; /* the file, when it was opened */

        bool table_read, dwarf_read, cfi_read;
        struct dn_symbol_table table;
        Dwarf *dwarf;
        struct dn_units units;
        Dwarf_CFI *cfi;       /* of .eh_frame */
        Dwarf_CFI *debug_cfi; /* of .debug_frame: the dwarf's */
};

enum {
        DN_ELF_SECTION_MAX = 128 << 20, /* bytes of one section that is read */
        DN_ELF_SYMBOLS_MAX = 4 << 20,
        DN_ELF_DEBUG_MAX = 64 << 20, /* of all debug sections together, unpacked */
        DN_ELF_SECTIONS = 65536,
};

/* The first section of that type (SHT_NULL: of any), and of that name unless it is NULL. NULL where there is none, or
 * it is larger than we read. */
Elf_Scn *dn_elf_section(Elf *elf, unsigned type, const char *name, GElf_Shdr *ret_header);

/* Of a section that dn_elf_section gave: its bytes; empty when they cannot be had. */
struct dn_str dn_elf_section_bytes(Elf_Scn *section);

void dn_symbol_table_read(struct dn_symbol_table *table, Elf *elf, Elf *debug, size_t *bytes);
bool dn_go_table_read(struct dn_symbol_table *table, Elf *elf,
                      size_t *bytes); /* of .gopclntab; false where there is none */
bool dn_symbol_table_find(const struct dn_symbol_table *table, uint64_t address, struct dn_function *ret_function);

/* The file's debug information; NULL where there is none, or too much of it. */
Dwarf *dn_elf_dwarf(struct dn_elf *elf);
