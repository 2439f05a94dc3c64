/* SPDX-License-Identifier: GPL-3.0-or-later
 * touch MEBIBYTES MILLISECONDS [REST]: touches so much memory and holds it for so long; then for REST milliseconds
 * without it. */
#include "truth.h"

int main(int argc, char *argv[]) {
        size_t size;
        char *memory;

        if (argc < 3)
                return 99;
        size = (size_t)number_of(argv[1]) << 20;
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                die("mmap");
        memset(memory, 0x5a, size);
        sleep_ms(number_of(argv[2]));
        if (munmap(memory, size) < 0)
                die("munmap");
        if (argc > 3)
                sleep_ms(number_of(argv[3]));
        return 0;
}
