/* SPDX-License-Identifier: GPL-3.0-or-later
 * System calls as 32-bit programs make them, which x86-64 lets others make too. Where there are none, the status is
 * 77. */
#pragma once
#include "truth.h"

static inline void compat_missing(int signal) {
        static const char text[] = "no 32-bit calls here\n";
        ssize_t n = write(2, text, sizeof(text) - 1);

        (void)signal, (void)n;
        _exit(77);
}

/* What the kernel returns: -errno, where it fails. The sixth argument is 0. */
static inline long compat_call(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e) {
        long result = -ENOSYS;

#ifdef __x86_64__
        signal(SIGSEGV, compat_missing);
        __asm__ volatile("movq %%rbp, %%r15\n\t"
                         "xorl %%ebp, %%ebp\n\t"
                         "int $0x80\n\t"
                         "movq %%r15, %%rbp"
                         : "=a"(result)
                         : "0"((long)number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                         : "memory", "cc", "r8", "r9", "r10", "r11", "r15");
        signal(SIGSEGV, SIG_DFL);
#endif
        if (result == -ENOSYS)
                compat_missing(0);
        return result;
}
