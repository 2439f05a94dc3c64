/* SPDX-License-Identifier: GPL-3.0-or-later
 * bytes tcp|udp|unix COUNT: sends a byte through loopback to itself and receives it, so often.
 * bytes direct COUNT FILE: reads the first 4 KiB of a file past the cache, so often.
 * Prints the CPU time that each took, in nanoseconds, on standard error. */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

static void die(const char *what) {
        perror(what);
        exit(1);
}

static void connect_both(const char *kind, int ends[2]) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int type = strcmp(kind, "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM, one = 1, fd;
        socklen_t size = sizeof(address);

        if (strcmp(kind, "unix") == 0) {
                if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
                        die("socketpair");
                return;
        }
        fd = socket(AF_INET, type, 0);
        ends[0] = socket(AF_INET, type, 0);
        if (bind(fd, (struct sockaddr *)&address, size) < 0 ||
            getsockname(fd, (struct sockaddr *)&address, &size) < 0 || (type == SOCK_STREAM && listen(fd, 1) < 0) ||
            connect(ends[0], (struct sockaddr *)&address, size) < 0)
                die("connect");
        ends[1] = type == SOCK_STREAM ? accept(fd, NULL, NULL) : fd;
        if (type == SOCK_STREAM)
                setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void move_bytes(const char *kind, uint64_t count) {
        char byte = 0;
        int ends[2];

        connect_both(kind, ends);
        for (uint64_t i = 0; i < count; i++)
                if (send(ends[0], &byte, 1, 0) != 1 || recv(ends[1], &byte, 1, 0) != 1)
                        die(kind);
}

static void read_pages(const char *path, uint64_t count) {
        void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int fd = open(path, O_RDONLY | O_DIRECT);

        for (uint64_t i = 0; i < count; i++)
                if (pread(fd, page, PAGE, 0) != PAGE)
                        die(path);
}

int main(int argc, char *argv[]) {
        uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
        struct timespec used;

        if (count == 0)
                return 2;
        if (strcmp(argv[1], "direct") == 0)
                read_pages(argc > 3 ? argv[3] : "", count);
        else
                move_bytes(argv[1], count);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        fprintf(stderr, "%.1f\n", ((double)used.tv_sec * 1e9 + (double)used.tv_nsec) / (double)count);
        return 0;
}
