/* SPDX-License-Identifier: GPL-3.0-or-later
 * One ELF file that is mapped somewhere: its build-id, its functions, what was inlined into them, and how to get from
 * a frame to its caller. Files are read, never mapped: they may shrink meanwhile. What they hold may be hostile: sizes
 * are looked at before anything is read, and there is a limit for each.
 * An address here is the file's own (a vaddr of its symbols), as dn_elf_place gives it. */
#pragma once
#include "modules/symbols/build_id.h"
#include "modules/symbols/memory.h"
#include "modules/symbols/registers.h"

struct dn_elf;

/* The descriptor, of a regular file, is taken in any case. -ENOEXEC: no such file; -EFBIG: too large to be looked at.
 */
int dn_elf_open(int fd, struct dn_elf **ret_elf);

/* One that lies in memory, as the vdso; the bytes are copied. */
int dn_elf_open_image(struct dn_str image, struct dn_elf **ret_elf);
struct dn_elf *dn_elf_free(struct dn_elf *elf);

const struct dn_build_id *dn_elf_build_id(const struct dn_elf *elf);

/* The file is as it was when it was opened. */
bool dn_elf_is_unchanged(const struct dn_elf *elf);

/* Where a byte of the file is meant to lie. False where no code of it does. */
bool dn_elf_place(const struct dn_elf *elf, uint64_t offset, uint64_t *ret_address);

/* Symbols and debug information of another file (as a distribution has them apart). -ESTALE: this file has a build-id,
 * and the other one another, or none. The descriptor is taken in any case. */
int dn_elf_add_debug(struct dn_elf *elf, int fd);

/* The name of its debug file (.gnu_debuglink) without any directory, and that one's CRC-32. */
bool dn_elf_debug_link(struct dn_elf *elf, struct dn_str *ret_name, uint32_t *ret_crc);

struct dn_function {
        const char *name; /* as the linker has it; the file's */
        uint64_t start;
};

/* The function that the address lies in. False where no symbol says so. */
bool dn_elf_function(struct dn_elf *elf, uint64_t address, struct dn_function *ret_function);

/* A function that was inlined at the address, and where in its caller (0 or NULL: not known). */
struct dn_inlined {
        const char *name;      /* as the linker would have it, or as the source does */
        const char *call_file; /* the caller's */
        uint32_t call_line;
};

enum { DN_INLINED_MAX = 16 };

/* What was inlined at the address, innermost first; the line of the innermost, where the file has it. Returns the
 * number of list's. Texts are the file's. */
uint32_t dn_elf_inlined(struct dn_elf *elf, uint64_t address, bool lines, struct dn_inlined list[DN_INLINED_MAX],
                        const char **ret_source, uint32_t *ret_line);

/* From a frame to its caller, by the file's call frame information. `bias` is what the process adds to the file's
 * addresses. 1: done; 0: this is the outermost frame; -ENODATA: the file does not say; -EFAULT: what it takes was not
 * copied; -EBADMSG: it makes no sense. ret_signal: a signal came in at the caller, whose address is thus exact. */
int dn_elf_caller(struct dn_elf *elf, uint64_t bias, bool exact, const struct dn_memory *memory,
                  struct dn_registers *registers, bool *ret_signal);

/* Memory that it holds now, nearly. */
size_t dn_elf_bytes(const struct dn_elf *elf);
