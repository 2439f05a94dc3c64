/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/registers.h"

#include <errno.h>

#if defined(__x86_64__)

enum { RBP = 6, RSP = 7, PC_WORD = 16, WORDS = 20 };

/* Of each word of struct pt_regs; -1: none that DWARF's frames know. */
static const signed char numbers[] = {15, 14, 13, 12, RBP, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5, -1, -1, -1, -1, RSP};

unsigned dn_register_sp(void) {
        return RSP;
}

unsigned dn_register_fp(void) {
        return RBP;
}

#elif defined(__aarch64__)

enum { PC_WORD = 32, WORDS = 33 };

static const signed char numbers[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

unsigned dn_register_sp(void) {
        return 31;
}

unsigned dn_register_fp(void) {
        return 29;
}

#else

enum { PC_WORD = 0, WORDS = 1 << 20 }; /* which nobody has */

static const signed char numbers[] = {-1};

unsigned dn_register_sp(void) {
        return DN_REGISTERS;
}

unsigned dn_register_fp(void) {
        return DN_REGISTERS;
}

#endif

int dn_registers_take(const uint64_t *words, size_t n, struct dn_registers *ret_registers) {
        struct dn_registers r = {0};

        if (n < WORDS)
                return -EINVAL;
        r.pc = words[PC_WORD];
        for (size_t i = 0; i < sizeof(numbers); i++)
                if (numbers[i] >= 0)
                        dn_register_set(&r, (unsigned)numbers[i], words[i]);
        *ret_registers = r;
        return 0;
}
