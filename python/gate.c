/* SPDX-License-Identifier: GPL-3.0-or-later
 * denet-gate RELEASE REPORT SELF PROGRAM ARGUMENT…: what subprocess.Popen starts in place of the command, so that it is
 * observed from its first instruction on (denet_adopt in denet.h). It waits for a byte at the descriptor RELEASE and
 * executes PROGRAM with the ARGUMENTs, the first of which is its name; what keeps it from that goes to REPORT. SELF is
 * the descriptor that it was executed from, -1: none. It reads nothing, so that being held is no I/O. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Until the byte is there; if the other end is closed instead, nobody wants the command any more. */
static void wait_for_release(int release) {
        struct pollfd held = {.fd = release, .events = POLLIN};

        while (poll(&held, 1, -1) < 0)
                ;
        if (held.revents & (POLLHUP | POLLERR | POLLNVAL))
                _exit(127);
}

/* That it is somewhere, but not to be executed, says more than that it is not elsewhere. */
static int worse(int before) {
        return errno == ENOENT || errno == ENOTDIR ? before : errno;
}

/* As Python looks for it: in each directory of PATH, without a shell for what has no #!. */
static int execute(const char *program, char **argv) {
        const char *path = getenv("PATH");
        int error = ENOENT;

        if (strchr(program, '/')) {
                execve(program, argv, environ);
                return errno;
        }
        for (path = path ? path : "/bin:/usr/bin"; path;) {
                size_t length = strcspn(path, ":"), room = length + strlen(program) + 3;
                char *file = malloc(room);

                if (!file)
                        return ENOMEM;
                snprintf(file, room, "%.*s%s%s", (int)length, path, length ? "/" : "", program);
                execve(file, argv, environ);
                error = worse(error);
                free(file);
                path = path[length] ? path + length + 1 : NULL;
        }
        return error;
}

static bool number(const char *text, int *ret_number) {
        char *end;
        long value = strtol(text, &end, 10);

        *ret_number = (int)value;
        return *text && !*end && value >= -1 && value <= 1 << 30;
}

int main(int argc, char **argv) {
        int release, report, self, error;

        if (argc < 6 || !number(argv[1], &release) || !number(argv[2], &report) || !number(argv[3], &self)) {
                fputs("denet-gate: started by Python's denet alone; use: denet run PROGRAM\n", stderr);
                return 2;
        }
        fcntl(release, F_SETFD, FD_CLOEXEC);
        fcntl(report, F_SETFD, FD_CLOEXEC);
        if (self >= 0)
                close(self);
        wait_for_release(release);
        error = execute(argv[4], argv + 5);
        return write(report, &error, sizeof(error)) == (ssize_t)sizeof(error) ? 127 : 126;
}
