/* SPDX-License-Identifier: GPL-3.0-or-later
 * waits KIND MILLISECONDS: waits so long for one thing, in a function of a known name, wait_in_KIND.
 *
 *     sleep poll lock pipe unix network tty file child signal ipc io_uring page_fault stopped kernel_lock disk FILE
 *     pipe32 (in a 32-bit call)
 *
 * The one that ends the wait is a thread or a child, which sleeps meanwhile: of the reasons it has `sleep`. Where the
 * machine refuses what a wait is made of, the status is 77. */
#define _GNU_SOURCE
#include "compat.h"
#include "ring.h"

#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#define KNOWN __attribute__((noinline, noclone))

static uint64_t ms;
static int ends[2];
static int queue;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Until the main thread has gone to sleep, and for the time that it is to wait. */
static void sleep_while_it_waits(void) {
        char path[64], stat[512] = "", *state;
        int fd;

        snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
        do {
                fd = open(path, O_RDONLY | O_CLOEXEC);
                if (fd < 0 || read(fd, stat, sizeof(stat) - 1) <= 0)
                        die(path);
                close(fd);
                state = strrchr(stat, ')') + 2;
        } while (*state != 'S' && *state != 'D' && sched_yield() == 0);
        sleep_ms(ms);
}

static void *give_byte(void *nothing) {
        sleep_while_it_waits();
        if (write(ends[1], "x", 1) != 1)
                die("write");
        return nothing;
}

static void *hold(void *nothing) {
        pthread_mutex_lock(&mutex);
        if (write(ends[1], "x", 1) != 1)
                die("write");
        sleep_while_it_waits();
        pthread_mutex_unlock(&mutex);
        return nothing;
}

static void *give_message(void *nothing) {
        struct {
                long type;
                char c;
        } message = {1, 'x'};

        sleep_while_it_waits();
        if (msgsnd(queue, &message, 1, 0) < 0)
                die("msgsnd");
        return nothing;
}

static pthread_t begin(void *(*f)(void *)) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, f, NULL) != 0)
                die("pthread_create");
        return thread;
}

static void take_byte(void) {
        char c;

        if (read(ends[0], &c, 1) != 1)
                die("read");
}

KNOWN static void wait_in_sleep(void) {
        sleep_ms(ms);
        __asm__ volatile("");
}

KNOWN static void wait_in_poll(void) {
        poll(NULL, 0, (int)ms);
        __asm__ volatile("");
}

KNOWN static void wait_in_pipe(void) {
        pthread_t thread;

        if (pipe(ends) < 0)
                die("pipe");
        thread = begin(give_byte);
        take_byte();
        pthread_join(thread, NULL);
}

/* Where a 64-bit call has its descriptor, this one has another. */
KNOWN static void wait_in_pipe32(void) {
        const uint32_t read32 = 3;
        void *low = MAP_FAILED;
        pthread_t thread;

#ifdef MAP_32BIT
        low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
#endif
        if (low == MAP_FAILED)
                compat_missing(0);
        if (pipe(ends) < 0)
                die("pipe");
        thread = begin(give_byte);
        if (compat_call(read32, (uint32_t)ends[0], (uint32_t)(uintptr_t)low, 1, 0, 0) != 1)
                die("read");
        pthread_join(thread, NULL);
}

KNOWN static void wait_in_unix(void) {
        pthread_t thread;

        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
                die("socketpair");
        thread = begin(give_byte);
        take_byte();
        pthread_join(thread, NULL);
}

KNOWN static void wait_in_network(void) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof(a);
        int listener = socket(AF_INET, SOCK_STREAM, 0);
        pthread_t thread;

        ends[1] = socket(AF_INET, SOCK_STREAM, 0);
        if (listener < 0 || bind(listener, (struct sockaddr *)&a, size) < 0 || listen(listener, 1) < 0 ||
            getsockname(listener, (struct sockaddr *)&a, &size) < 0 ||
            connect(ends[1], (struct sockaddr *)&a, size) < 0 || (ends[0] = accept(listener, NULL, NULL)) < 0)
                die("socket");
        thread = begin(give_byte);
        take_byte();
        pthread_join(thread, NULL);
}

KNOWN static void wait_in_tty(void) {
        struct termios raw;
        pthread_t thread;

        ends[1] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (ends[1] < 0 || grantpt(ends[1]) < 0 || unlockpt(ends[1]) < 0)
                die("posix_openpt");
        ends[0] = open(ptsname(ends[1]), O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (ends[0] < 0 || tcgetattr(ends[0], &raw) < 0)
                die("ptsname");
        cfmakeraw(&raw);
        if (tcsetattr(ends[0], TCSANOW, &raw) < 0)
                die("tcsetattr");
        thread = begin(give_byte);
        take_byte();
        pthread_join(thread, NULL);
}

static void *unlock_file(void *nothing) {
        sleep_while_it_waits();
        if (flock(ends[1], LOCK_UN) < 0)
                die("flock");
        return nothing;
}

KNOWN static void wait_in_file(void) {
        char path[64];
        pthread_t thread;

        ends[1] = memfd_create("waits", MFD_CLOEXEC);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
        ends[0] = open(path, O_RDWR | O_CLOEXEC);
        if (ends[0] < 0 || flock(ends[1], LOCK_EX) < 0)
                die("flock");
        thread = begin(unlock_file);
        if (flock(ends[0], LOCK_EX) < 0)
                die("flock");
        pthread_join(thread, NULL);
}

KNOWN static void wait_in_io_uring(void) {
        struct __kernel_timespec t = {.tv_sec = (long long)(ms / 1000), .tv_nsec = (long long)(ms % 1000) * 1000000};

        if (ring_call(ring_open(), IORING_OP_TIMEOUT, -1, &t, 1, false) != -ETIME)
                die("io_uring");
        __asm__ volatile("");
}

/* A page that is not there before somebody gives it: userfaultfd(2). */
static struct {
        int fd;
        char *start;
        size_t size;
} page;

static void make_page(void) {
        struct uffdio_api api = {.api = UFFD_API};
        struct uffdio_register range = {.mode = UFFDIO_REGISTER_MODE_MISSING};

        page.size = (size_t)sysconf(_SC_PAGESIZE);
        page.start = mmap(NULL, page.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        range.range.start = (uint64_t)(uintptr_t)page.start;
        range.range.len = page.size;
        page.fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
        if (page.start == MAP_FAILED || page.fd < 0 || ioctl(page.fd, UFFDIO_API, &api) < 0 ||
            ioctl(page.fd, UFFDIO_REGISTER, &range) < 0) {
                perror("userfaultfd");
                exit(77);
        }
}

static void *give_page(void *nothing) {
        struct uffdio_zeropage zeroes = {.range = {(uint64_t)(uintptr_t)page.start, page.size}};

        sleep_while_it_waits();
        if (ioctl(page.fd, UFFDIO_ZEROPAGE, &zeroes) < 0)
                die("UFFDIO_ZEROPAGE");
        return nothing;
}

KNOWN static void wait_in_page_fault(void) {
        pthread_t thread;

        make_page();
        thread = begin(give_page);
        if (*(volatile char *)page.start != 0)
                die("page");
        pthread_join(thread, NULL);
}

static void *write_page(void *nothing) {
        if (pwrite(ends[1], page.start, 1, 0) != 1)
                die("pwrite");
        return nothing;
}

/* Who writes a file has it locked until the page that he writes from is there. */
KNOWN static void wait_in_kernel_lock(void) {
        struct uffd_msg fault;
        pthread_t writer, giver;

        ends[1] = memfd_create("waits", MFD_CLOEXEC);
        make_page();
        writer = begin(write_page);
        if (read(page.fd, &fault, sizeof(fault)) != sizeof(fault))
                die("userfaultfd");
        giver = begin(give_page);
        if (pwrite(ends[1], "x", 1, 0) != 1)
                die("pwrite");
        pthread_join(writer, NULL);
        pthread_join(giver, NULL);
}

KNOWN static void wait_in_lock(void) {
        pthread_t thread;

        if (pipe(ends) < 0)
                die("pipe");
        thread = begin(hold);
        take_byte();
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
        pthread_join(thread, NULL);
}

KNOWN static void wait_in_child(void) {
        pid_t pid = fork();

        if (pid == 0) {
                sleep_ms(ms);
                _exit(0);
        }
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
                die("waitpid");
}

KNOWN static void wait_in_signal(void) {
        struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, NULL);
        sigtimedwait(&set, NULL, &t);
        __asm__ volatile("");
}

KNOWN static void wait_in_ipc(void) {
        struct {
                long type;
                char c;
        } message;
        pthread_t thread;

        queue = msgget(IPC_PRIVATE, 0600);
        if (queue < 0)
                die("msgget");
        thread = begin(give_message);
        if (msgrcv(queue, &message, 1, 0, 0) < 0)
                die("msgrcv");
        pthread_join(thread, NULL);
        msgctl(queue, IPC_RMID, NULL);
}

KNOWN static void wait_in_stopped(void) {
        pid_t self = getpid(), pid = fork();

        if (pid == 0) {
                sleep_ms(20);
                kill(self, SIGSTOP);
                sleep_ms(ms);
                kill(self, SIGCONT);
                _exit(0);
        }
        if (pid < 0 || waitpid(pid, NULL, 0) != pid)
                die("waitpid");
}

/* Every page of the file, which the caller has put out of the cache. */
KNOWN static void wait_in_disk(const char *path) {
        static char buffer[1 << 16];
        int fd = open(path, O_RDONLY);

        if (fd < 0)
                die(path);
        while (read(fd, buffer, sizeof(buffer)) > 0)
                ;
}

int main(int argc, char **argv) {
        const struct {
                const char *name;
                void (*wait)(void);
        } kinds[] = {
                {"sleep", wait_in_sleep},
                {"poll", wait_in_poll},
                {"pipe", wait_in_pipe},
                {"pipe32", wait_in_pipe32},
                {"unix", wait_in_unix},
                {"lock", wait_in_lock},
                {"network", wait_in_network},
                {"tty", wait_in_tty},
                {"file", wait_in_file},
                {"child", wait_in_child},
                {"signal", wait_in_signal},
                {"ipc", wait_in_ipc},
                {"stopped", wait_in_stopped},
                {"io_uring", wait_in_io_uring},
                {"page_fault", wait_in_page_fault},
                {"kernel_lock", wait_in_kernel_lock},
        };

        if (argc == 3 && strcmp(argv[1], "disk") == 0) {
                wait_in_disk(argv[2]);
                return 0;
        }
        for (size_t i = 0; argc == 3 && i < sizeof(kinds) / sizeof(*kinds); i++)
                if (strcmp(argv[1], kinds[i].name) == 0) {
                        ms = number_of(argv[2]);
                        kinds[i].wait();
                        return 0;
                }
        fprintf(stderr, "usage: waits KIND MILLISECONDS\n");
        return 99;
}
