/* SPDX-License-Identifier: GPL-3.0-or-later
 * Addresses of a stack, innermost first. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { DN_STACK_MAX = 127 }; /* as kernel.perf_event_max_stack */

struct dn_stack {
        uint32_t n;
        bool whole; /* from the innermost frame to the outermost, where the process or the thread began, none is missing
                     */
        /* Bit i: address i is what is executed, as the innermost is, or where a signal came in. All others are where a
         * call returns to, so that the call lies before. */
        uint64_t exact[2];
        uint64_t address[DN_STACK_MAX];
};

static inline bool dn_stack_is_exact(const struct dn_stack *stack, uint32_t i) {
        return stack->exact[i / 64] >> i % 64 & 1;
}

/* False when it is full. */
static inline bool dn_stack_push(struct dn_stack *stack, uint64_t address, bool exact) {
        if (stack->n == DN_STACK_MAX)
                return false;
        if (exact)
                stack->exact[stack->n / 64] |= UINT64_C(1) << stack->n % 64;
        stack->address[stack->n++] = address;
        return true;
}
