/* SPDX-License-Identifier: GPL-3.0-or-later
 * A piece of a process's memory, copied: what lies from the stack pointer up, or from as far below it as a function may
 * use without moving it (128 bytes on x86-64), which helps where a thread was not blocked, but interrupted anywhere. */
#pragma once
#include "base/str.h"

struct dn_memory {
        uint64_t start;
        struct dn_str bytes;
};

/* The word of `n` bytes (1, 2, 4 or 8) there, of this machine's byte order; false where that was not copied. */
static inline bool dn_memory_word(const struct dn_memory *memory, uint64_t address, size_t n, uint64_t *ret_value) {
        uint64_t at = address - memory->start, value = 0;

        if (address < memory->start || at > memory->bytes.n || memory->bytes.n - at < n)
                return false;
        memcpy(&value, memory->bytes.p + at, n); /* little-endian, as every machine that we know registers of */
        *ret_value = value;
        return true;
}
