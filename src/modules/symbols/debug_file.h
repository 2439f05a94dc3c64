/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where a stripped file's symbols are kept apart: by build-id (/usr/lib/debug/.build-id/ab/cdef….debug), or by the name
 * that the file tells (.gnu_debuglink) beside it, in .debug beside it, and below the debug root. */
#pragma once
#include "modules/symbols/elf.h"
#include "modules/symbols/space.h"

/* Adds what is there to the file, if it is of it: its build-id is the same or, without one, its CRC is what the file
 * says. -ENOENT: nothing is. */
int dn_debug_file_add(struct dn_elf *elf, const struct dn_space *space, const struct dn_mapping *mapping,
                      int debug_root);
