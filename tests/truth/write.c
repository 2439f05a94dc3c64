/* SPDX-License-Identifier: GPL-3.0-or-later
 * write FILE BYTES CHUNK [MILLISECONDS]: writes exactly so many bytes with write calls of CHUNK bytes, then sleeps. */
#include "truth.h"

int main(int argc, char *argv[]) {
        static char chunk[1 << 20];
        uint64_t left, size;
        int fd;

        if (argc < 4)
                return 99;
        left = number_of(argv[2]);
        size = number_of(argv[3]);
        fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (fd < 0 || size == 0 || size > sizeof(chunk))
                die(argv[1]);
        while (left > 0) {
                ssize_t n = write(fd, chunk, left < size ? left : size);

                if (n < 0)
                        die("write");
                left -= (uint64_t)n;
        }
        close(fd);
        if (argc > 4)
                sleep_ms(number_of(argv[4]));
        return 0;
}
