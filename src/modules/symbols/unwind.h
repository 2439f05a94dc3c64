/* SPDX-License-Identifier: GPL-3.0-or-later
 * From registers and a piece of the stack to the addresses of all callers, by .eh_frame of the files that are mapped
 * there; where code has none (of a JIT, of Go), by frame pointers. */
#pragma once
#include "modules/symbols/memory.h"
#include "modules/symbols/registers.h"
#include "modules/symbols/space.h"
#include "modules/symbols/stack.h"

struct dn_symbols;

/* ret_stack->whole tells whether it got to the outermost frame, and no caller can be missing. Returns 0, or -errno
 * where not even the first address is there. */
int dn_unwind(struct dn_symbols *symbols, struct dn_space *space, const struct dn_registers *registers,
              const struct dn_memory *memory, struct dn_stack *ret_stack);
