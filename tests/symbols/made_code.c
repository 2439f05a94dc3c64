/* SPDX-License-Identifier: GPL-3.0-or-later
 * Code that the program makes at run time, which calls read(0, …) and keeps a frame pointer. Prints its address. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
/* push %rbp; mov %rsp,%rbp; sub $16,%rsp; xor %eax,%eax; xor %edi,%edi; mov %rsp,%rsi; mov $1,%edx; syscall; leave; ret
 */
static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0x31, 0xc0, 0x31, 0xff,
                                     0x48, 0x89, 0xe6, 0xba, 0x01, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xc9, 0xc3};
#elif defined(__aarch64__)
/* stp x29,x30,[sp,#-32]!; mov x29,sp; mov x0,#0; add x1,sp,#16; mov x2,#1; mov x8,#63; svc #0; ldp x29,x30,[sp],#32;
 * ret
 */
static const unsigned int code[] = {0xa9be7bfd, 0x910003fd, 0xd2800000, 0x910043e1, 0xd2800022,
                                    0xd28007e8, 0xd4000001, 0xa8c27bfd, 0xd65f03c0};
#else
static const unsigned char code[1];
#endif

int main(void) {
        void *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int (*call)(void);

        if (made == MAP_FAILED)
                return 1;
        memcpy(made, code, sizeof(code));
        if (mprotect(made, 4096, PROT_READ | PROT_EXEC) < 0)
                return 1;
        __builtin___clear_cache(made, (char *)made + sizeof(code));
        memcpy(&call, &made, sizeof(call));
        printf("%p\n", made);
        fflush(stdout);
        return call() != 0;
}
