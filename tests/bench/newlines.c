/* SPDX-License-Identifier: GPL-3.0-or-later
 * newlines FILE: counts them, by read and memchr: as fast as a file of lines can be gone through at all. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
        static char buffer[256 * 1024];
        int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
        long count = 0;
        ssize_t n;

        if (fd < 0)
                return 99;
        while ((n = read(fd, buffer, sizeof(buffer))) > 0)
                for (const char *p = buffer, *end = buffer + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
                        count++;
        printf("%ld\n", count);
        return n < 0;
}
