/* SPDX-License-Identifier: GPL-3.0-or-later
 * spin MILLIONS: computes, so many million steps, and touches nothing. */
#include <stdint.h>
#include <stdlib.h>

int main(int argc, char *argv[]) {
        uint64_t steps = argc > 1 ? strtoull(argv[1], NULL, 10) * 1000000 : 0;
        volatile uint32_t result;
        uint32_t x = 1;

        for (; steps > 0; steps--)
                x = x * 1664525 + 1013904223;
        result = x;
        return result == 0;
}
