/* SPDX-License-Identifier: GPL-3.0-or-later
 * The few operations of DWARF expressions that call frame information uses. */
#pragma once
#include "modules/symbols/memory.h"
#include "modules/symbols/registers.h"

#include <elfutils/libdw.h>

struct dn_evaluation {
        const struct dn_registers *registers;
        const struct dn_memory *memory;
        uint64_t cfa;
        bool has_cfa;
};

/* The value of the expression or, if it is a location and tells one of memory, of the word there. 1; 0 where it takes a
 * register that is not known; -EFAULT, memory that was not copied; -EBADMSG. */
int dn_expression_value(const Dwarf_Op *ops, size_t n, const struct dn_evaluation *given, bool location,
                        uint64_t *ret_value);
