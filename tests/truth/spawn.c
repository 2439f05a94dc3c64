/* SPDX-License-Identifier: GPL-3.0-or-later
 * spawn REPORT HOW COUNT MICROSECONDS [ARG]: many processes, each of which uses so much CPU time and adds its own to
 * REPORT.
 *
 *     fork      one after another, waited for
 *     vfork     by vfork and exec of ARG, one after another, waited for; these report nothing
 *     deep      each starts the next and waits for it; each also sleeps ARG milliseconds when it is at the bottom
 *     daemons   forked twice, in a session of their own: nobody here can wait for them
 *     ignored   SIGCHLD is ignored, so that the kernel reaps them
 *     unhanded  one after another, with SA_NOCLDWAIT, so that the kernel reaps them too
 *     unwaited  nobody waits; they are zombies until this one ends
 *     exec      no process but this one, which executes itself COUNT times
 *     writers   each writes ARG bytes to /dev/null
 *     quit      starts them and ends at once, without a look at them */
#include "truth.h"

static struct report *report;
static uint64_t us;

static void live(void) {
        burn_us(us);
        report_self(report);
        _exit(0);
}

static pid_t fork_or_die(void) {
        pid_t pid = fork();

        if (pid < 0)
                die("fork");
        return pid;
}

static void wait_for(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        die("waitpid");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                fprintf(stderr, "a child failed\n");
                exit(98);
        }
}

static void wait_for_reports(uint64_t n) {
        while (__atomic_load_n(&report->processes, __ATOMIC_SEQ_CST) < n)
                sleep_ms(1);
        sleep_ms(100);
}

static void fork_each(uint64_t count) {
        for (uint64_t i = 0; i < count; i++) {
                pid_t pid = fork_or_die();

                if (pid == 0)
                        live();
                wait_for(pid);
        }
}

static pid_t vfork_exec(char *program) {
        pid_t pid = vfork();

        if (pid < 0)
                die("vfork");
        if (pid == 0) {
                execl(program, program, (char *)NULL);
                _exit(97);
        }
        return pid;
}

static void vfork_each(uint64_t count, char *program) {
        for (uint64_t i = 0; i < count; i++)
                wait_for(vfork_exec(program));
}

static void deepen(uint64_t count, uint64_t bottom_ms) {
        pid_t pid;

        burn_us(us);
        if (count > 0) {
                pid = fork_or_die();
                if (pid == 0) {
                        deepen(count - 1, bottom_ms);
                        report_self(report);
                        _exit(0);
                }
                wait_for(pid);
        } else
                sleep_ms(bottom_ms);
}

static void daemonise_each(uint64_t count) {
        for (uint64_t i = 0; i < count; i++) {
                pid_t pid = fork_or_die();

                if (pid == 0) {
                        setsid();
                        if (fork_or_die() == 0)
                                live();
                        _exit(0);
                }
                wait_for(pid);
        }
        wait_for_reports(count);
}

static void start_each(uint64_t count) {
        for (uint64_t i = 0; i < count; i++)
                if (fork_or_die() == 0)
                        live();
}

/* One after the other, so that hardly ever one is there. */
static void start_unhanded(uint64_t count) {
        const struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};

        sigaction(SIGCHLD, &action, NULL);
        for (uint64_t i = 0; i < count; i++) {
                if (fork_or_die() == 0)
                        live();
                waitpid(-1, NULL, 0);
        }
}

static void write_each(uint64_t count, uint64_t bytes) {
        static char chunk[1 << 16];

        for (uint64_t i = 0; i < count; i++) {
                pid_t pid = fork_or_die();

                if (pid == 0) {
                        int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

                        for (uint64_t left = bytes; left > 0;) {
                                ssize_t n = write(fd, chunk, left < sizeof(chunk) ? left : sizeof(chunk));

                                if (n <= 0)
                                        die("write");
                                left -= (uint64_t)n;
                        }
                        live();
                }
                wait_for(pid);
        }
}

int main(int argc, char *argv[]) {
        uint64_t count, arg;
        const char *how;

        if (argc < 5)
                return 99;
        report = report_open(argv[1]);
        how = argv[2];
        count = number_of(argv[3]);
        us = number_of(argv[4]);
        arg = argc > 5 && argv[5][0] != '/' ? number_of(argv[5]) : 0;
        if (strcmp(how, "fork") == 0)
                fork_each(count);
        else if (strcmp(how, "vfork") == 0 && argc > 5)
                vfork_each(count, argv[5]);
        else if (strcmp(how, "deep") == 0)
                deepen(count, arg);
        else if (strcmp(how, "daemons") == 0)
                daemonise_each(count);
        else if (strcmp(how, "ignored") == 0) {
                signal(SIGCHLD, SIG_IGN);
                start_each(count);
                wait_for_reports(count);
        } else if (strcmp(how, "unhanded") == 0)
                start_unhanded(count);
        else if (strcmp(how, "unwaited") == 0) {
                start_each(count);
                wait_for_reports(count);
        } else if (strcmp(how, "exec") == 0) {
                burn_us(us);
                if (count > 0) {
                        char rest[24];

                        snprintf(rest, sizeof(rest), "%llu", (unsigned long long)count - 1);
                        argv[3] = rest;
                        execv("/proc/self/exe", argv);
                        die("execv");
                }
        } else if (strcmp(how, "writers") == 0)
                write_each(count, arg);
        else if (strcmp(how, "quit") == 0)
                start_each(count);
        else
                return 99;
        report_self(report);
        return 0;
}
