/* SPDX-License-Identifier: GPL-3.0-or-later
 * ring FILE BYTES own|worker: reads BYTES of FILE past the cache through io_uring, by this thread or the kernel's. */
#define _GNU_SOURCE
#include "ring.h"

int main(int argc, char *argv[]) {
        size_t left = argc == 4 ? number_of(argv[2]) : 0, size = 1 << 16;
        int fd = open(argc == 4 ? argv[1] : "", O_RDONLY | O_CLOEXEC | O_DIRECT);
        void *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        struct ring *ring = ring_open();

        if (fd < 0 || buffer == MAP_FAILED)
                die("ring");
        while (left > 0) {
                ssize_t n = ring_call(ring, IORING_OP_READ, fd, buffer, left < size ? left : size,
                                      strcmp(argv[3], "worker") == 0);

                if (n <= 0)
                        die("read");
                left -= (size_t)n;
        }
        return 0;
}
