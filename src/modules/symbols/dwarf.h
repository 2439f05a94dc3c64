/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which entry of a file's debug information an address belongs to. */
#pragma once
#include "modules/symbols/elf_file.h"

/* The unit and the function (an out-of-line one) that hold the address. False where nothing says so. */
bool dn_dwarf_function(struct dn_elf *elf, uint64_t address, Dwarf_Die *ret_unit, Dwarf_Die *ret_function);
