/* SPDX-License-Identifier: GPL-3.0-or-later
 * leaf MILLISECONDS: uses so much CPU time in functions that call nobody, and keep what is theirs below the stack
 * pointer, where x86-64 lets them: burn_in_locals its variables, burn_in_saved the frame pointer of its caller. */
#include "truth.h"

#include <alloca.h>

#define KNOWN __attribute__((noinline, used))

enum { TURNS = 200000 };

KNOWN static uint64_t burn_in_locals(uint64_t turns) {
        volatile uint64_t locals[8] = {turns};

        for (uint64_t i = 0; i < turns; i++)
                locals[i % 8] = locals[(i + 1) % 8] + i;
        return locals[0];
}

#ifdef __x86_64__
/* As GCC makes it with -mtune=k8 of a function that needs all registers. */
void burn_in_saved(uint64_t turns);
__asm__(".text\n"
        ".type burn_in_saved, @function\n"
        "burn_in_saved:\n"
        ".cfi_startproc\n"
        "movq %rbp, -8(%rsp)\n"
        ".cfi_offset rbp, -16\n"
        "xorl %ebp, %ebp\n"
        "1: decq %rdi\n"
        "jnz 1b\n"
        "movq -8(%rsp), %rbp\n"
        ".cfi_restore rbp\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size burn_in_saved, . - burn_in_saved\n");
#else
KNOWN static void burn_in_saved(uint64_t turns) {
        burn_in_locals(turns);
}
#endif

/* A frame of a size that only the run knows is found by the frame pointer. */
KNOWN static void call_by_frame_pointer(size_t n) {
        volatile char *room = alloca(n);

        room[0] = 0;
        burn_in_saved(TURNS);
        room[n - 1] = 0;
}

int main(int argc, char **argv) {
        uint64_t end = argc == 2 ? number_of(argv[1]) * 1000000 : 0;

        if (end == 0) {
                fprintf(stderr, "usage: leaf MILLISECONDS\n");
                return 99;
        }
        while (clock_now_ns(CLOCK_THREAD_CPUTIME_ID) < end) {
                burn_in_locals(TURNS);
                call_by_frame_pointer((size_t)argc * 100);
        }
        return 0;
}
