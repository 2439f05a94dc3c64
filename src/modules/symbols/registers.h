/* SPDX-License-Identifier: GPL-3.0-or-later
 * The registers of a thread, by the numbers that DWARF has for them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DN_REGISTERS = 34 };

struct dn_registers {
        uint64_t pc;
        uint64_t known; /* bit by bit */
        uint64_t value[DN_REGISTERS];
};

/* Of struct pt_regs as the kernel keeps it for the user's side (the front of user_regs_struct or user_pt_regs is the
 * same), n words. -EINVAL when that is too short; always on
 * a processor that nobody wrote this for. */
int dn_registers_take(const uint64_t *words, size_t n, struct dn_registers *ret_registers);

/* Their numbers: the stack pointer, the frame pointer. */
unsigned dn_register_sp(void);
unsigned dn_register_fp(void);

static inline bool dn_register_get(const struct dn_registers *r, uint64_t number, uint64_t *ret_value) {
        if (number >= DN_REGISTERS || !(r->known >> number & 1))
                return false;
        *ret_value = r->value[number];
        return true;
}

static inline void dn_register_set(struct dn_registers *r, unsigned number, uint64_t value) {
        r->value[number] = value;
        r->known |= UINT64_C(1) << number;
}
