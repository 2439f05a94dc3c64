/* SPDX-License-Identifier: GPL-3.0-or-later
 * waits KIND MILLISECONDS: waits so long for one thing, in a function of a known name, wait_in_KIND.
 *
 *     sleep poll lock pipe unix network child signal ipc stopped disk FILE
 *
 * The one that ends the wait is a thread or a child, which sleeps meanwhile: of the reasons it has `sleep`. */
#include "truth.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/un.h>

#define KNOWN __attribute__((noinline, noclone))

static uint64_t ms;
static int ends[2];
static int queue;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *give_byte(void *nothing) {
        sleep_ms(ms);
        if (write(ends[1], "x", 1) != 1)
                die("write");
        return nothing;
}

static void *hold(void *nothing) {
        pthread_mutex_lock(&mutex);
        if (write(ends[1], "x", 1) != 1)
                die("write");
        sleep_ms(ms);
        pthread_mutex_unlock(&mutex);
        return nothing;
}

static void *give_message(void *nothing) {
        struct {
                long type;
                char c;
        } message = {1, 'x'};

        sleep_ms(ms);
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
                {"sleep", wait_in_sleep},     {"poll", wait_in_poll},     {"pipe", wait_in_pipe},
                {"unix", wait_in_unix},       {"lock", wait_in_lock},     {"network", wait_in_network},
                {"child", wait_in_child},     {"signal", wait_in_signal}, {"ipc", wait_in_ipc},
                {"stopped", wait_in_stopped},
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
