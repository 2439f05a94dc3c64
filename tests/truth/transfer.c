/* SPDX-License-Identifier: GPL-3.0-or-later
 * transfer SOCKET HOW BYTES [MILLISECONDS]: a child sends BYTES through loopback to this process, and ends after
 * MILLISECONDS (5). SOCKET is tcp4, tcp6, udp4, udp6, unix; HOW plain, peek, vectors, messages, sendfile, splice,
 * splice32 (by 32-bit calls), zerocopy, ring or worker (io_uring; by a thread of the kernel's). Both sides use calls of
 * that kind, where it has one. With MILLISECONDS above 1000 this process sleeps as long too. */
#define _GNU_SOURCE
#include "compat.h"
#include "ring.h"

#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { CHUNK = 8000 }; /* of which a few fit into any socket's buffer */

static char buffer[CHUNK];

static int listener(int family, int type, struct sockaddr_storage *address, socklen_t *size) {
        struct sockaddr_in *four = (struct sockaddr_in *)(void *)address;
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)address;
        int fd = socket(family, type | SOCK_CLOEXEC, 0);

        *size = family == AF_INET ? sizeof(*four) : sizeof(*six);
        if (family == AF_INET)
                *four = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        else
                *six = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        if (fd < 0 || bind(fd, (struct sockaddr *)address, *size) < 0 ||
            getsockname(fd, (struct sockaddr *)address, size) < 0)
                die("bind");
        return fd;
}

/* ends[0] sends to ends[1]. */
static void connect_both(const char *kind, int ends[2]) {
        int family = strchr(kind, '6') ? AF_INET6 : AF_INET, type = kind[0] == 't' ? SOCK_STREAM : SOCK_DGRAM;
        struct sockaddr_storage address;
        socklen_t size;
        int fd;

        if (strcmp(kind, "unix") == 0) {
                if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                        die("socketpair");
                return;
        }
        fd = listener(family, type, &address, &size);
        ends[0] = socket(family, type | SOCK_CLOEXEC, 0);
        if ((type == SOCK_STREAM && listen(fd, 1) < 0) || connect(ends[0], (struct sockaddr *)&address, size) < 0)
                die("connect");
        ends[1] = type == SOCK_STREAM ? accept4(fd, NULL, NULL, SOCK_CLOEXEC) : fd;
        if (ends[1] < 0)
                die("accept");
}

static int file_of(size_t bytes) {
        int fd = memfd_create("transfer", MFD_CLOEXEC);

        if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
                die("memfd_create");
        return fd;
}

static ssize_t send_vector(int fd, size_t n) {
        struct iovec two[2] = {{buffer, n / 2}, {buffer + n / 2, n - n / 2}};

        return writev(fd, two, 2);
}

static ssize_t send_message(int fd, size_t n) {
        struct iovec one = {buffer, n};
        struct mmsghdr message = {.msg_hdr = {.msg_iov = &one, .msg_iovlen = 1}};

        return sendmmsg(fd, &message, 1, 0) == 1 ? (ssize_t)message.msg_len : -1;
}

static ssize_t send_spliced(int fd, size_t n) {
        static int ends[2], file = -1;

        if (file < 0 && ((file = file_of(CHUNK)) < 0 || pipe(ends) < 0))
                die("pipe");
        if (splice(file, &(off_t){0}, ends[1], NULL, n, 0) != (ssize_t)n)
                die("splice");
        return splice(ends[0], NULL, fd, NULL, n, 0);
}

static ssize_t send_file(int fd, size_t n) {
        static int file = -1;

        if (file < 0)
                file = file_of(CHUNK);
        return sendfile(fd, file, &(off_t){0}, n);
}

static ssize_t send_uncopied(int fd, size_t n) {
        int one = 1;

        if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)) < 0)
                die("SO_ZEROCOPY");
        return send(fd, buffer, n, MSG_ZEROCOPY);
}

static ssize_t take_vector(int fd) {
        struct iovec two[2] = {{buffer, CHUNK / 2}, {buffer + CHUNK / 2, CHUNK - CHUNK / 2}};

        return readv(fd, two, 2);
}

static ssize_t take_message(int fd) {
        struct iovec one = {buffer, CHUNK};
        struct mmsghdr message = {.msg_hdr = {.msg_iov = &one, .msg_iovlen = 1}};

        return recvmmsg(fd, &message, 1, 0, NULL) == 1 ? (ssize_t)message.msg_len : -1;
}

static ssize_t splice_plain(int from, int to, size_t n) {
        return splice(from, NULL, to, NULL, n, 0);
}

static ssize_t splice_32(int from, int to, size_t n) {
        const uint32_t splice32 = 313;

        return compat_call(splice32, (uint32_t)from, 0, (uint32_t)to, 0, (uint32_t)n);
}

static ssize_t take_spliced_by(ssize_t (*call)(int from, int to, size_t n), int fd) {
        static int ends[2], nowhere = -1;
        ssize_t n;

        if (nowhere < 0 && ((nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0 || pipe(ends) < 0))
                die("pipe");
        n = call(fd, ends[1], CHUNK);
        if (n > 0 && splice(ends[0], NULL, nowhere, NULL, (size_t)n, 0) != n)
                die("splice");
        return n;
}

static ssize_t take_spliced(int fd) {
        return take_spliced_by(splice_plain, fd);
}

static ssize_t take_spliced_32(int fd) {
        return take_spliced_by(splice_32, fd);
}

static ssize_t take_after_a_look(int fd) {
        if (recv(fd, buffer, CHUNK, MSG_PEEK) < 0)
                return -1;
        return read(fd, buffer, CHUNK);
}

static ssize_t ringed(uint8_t call, int fd, size_t n, bool by_worker) {
        static struct ring *ring;

        if (!ring)
                ring = ring_open();
        return ring_call(ring, call, fd, buffer, n, by_worker);
}

static ssize_t send_ringed(int fd, size_t n) {
        return ringed(IORING_OP_SEND, fd, n, false);
}

static ssize_t take_ringed(int fd) {
        return ringed(IORING_OP_RECV, fd, CHUNK, false);
}

static ssize_t send_by_worker(int fd, size_t n) {
        return ringed(IORING_OP_SEND, fd, n, true);
}

static ssize_t take_by_worker(int fd) {
        return ringed(IORING_OP_RECV, fd, CHUNK, true);
}

static ssize_t send_plain(int fd, size_t n) {
        return write(fd, buffer, n);
}

static ssize_t take_plain(int fd) {
        return read(fd, buffer, CHUNK);
}

static const struct {
        const char *name;
        ssize_t (*send)(int fd, size_t n);
        ssize_t (*take)(int fd);
} ways[] = {
        {"plain", send_plain, take_plain},         {"peek", send_plain, take_after_a_look},
        {"vectors", send_vector, take_vector},     {"messages", send_message, take_message},
        {"sendfile", send_file, take_plain},       {"splice", send_spliced, take_spliced},
        {"splice32", send_plain, take_spliced_32}, {"zerocopy", send_uncopied, take_plain},
        {"ring", send_ringed, take_ringed},        {"worker", send_by_worker, take_by_worker},
};

int main(int argc, char *argv[]) {
        size_t way = 0, left, ms;
        int ends[2];
        pid_t child;

        if (argc < 4)
                return 99;
        while (way < sizeof(ways) / sizeof(*ways) && strcmp(ways[way].name, argv[2]) != 0)
                way++;
        if (way == sizeof(ways) / sizeof(*ways))
                die(argv[2]);
        left = number_of(argv[3]);
        ms = argc > 4 ? number_of(argv[4]) : 5;
        connect_both(argv[1], ends);
        child = fork();
        if (child < 0)
                die("fork");
        while (left > 0) {
                ssize_t n = child == 0 ? ways[way].send(ends[0], left < CHUNK ? left : CHUNK) : ways[way].take(ends[1]);

                if (n <= 0)
                        die(argv[2]);
                left -= (size_t)n;
        }
        if (child == 0 || ms > 1000)
                sleep_ms(ms);
        return child > 0 && waitpid(child, NULL, 0) < 0 ? 99 : 0;
}
