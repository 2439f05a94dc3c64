/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/signals.h"
#include "base/guard.h"

#include <fcntl.h>
#include <signal.h>

/* A handler has no argument of ours: these are the program's only globals. */
static int pipe_ends[2] = {-1, -1};
static denet *volatile command;
static uint64_t ignored;

static void note(int number, siginfo_t *info, void *context) {
        /* The kernel's own (a terminal's INT, QUIT, TSTP) went to the whole group, as does what denet itself sends; a
         * hang-up to the session leader. */
        bool from_process =
                (info->si_code <= 0 && info->si_pid != getpid()) || (number == SIGHUP && getsid(0) == getpid());
        struct dn_signal s = {.number = number, .from_process = from_process};
        int kept = errno;
        denet *stream = command;
        ssize_t n;

        if (stream && from_process && number != SIGCHLD) {
                s.passed = true;
                denet_signal(stream, number); /* a system call, and no more */
        }
        n = write(pipe_ends[1], &s, sizeof(s)); /* a full pipe: there is more than enough to do already */
        (void)n;
        (void)context;
        errno = kept;
}

static void nothing(int number) {
        (void)number;
}

/* What was ignored when denet was started stays so, for the command too (nohup). */
static void handle(int number) {
        struct sigaction before, action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};

        sigfillset(&action.sa_mask);
        if (number == SIGPIPE) {
                action.sa_handler = nothing;
                action.sa_flags = SA_RESTART;
        }
        if (number == SIGCHLD)
                action.sa_flags |= SA_NOCLDSTOP;
        if (sigaction(number, NULL, &before) < 0)
                return;
        /* An ignored SIGCHLD would take the command's end away from us. */
        if (before.sa_handler == SIG_IGN && number == SIGCHLD)
                ignored |= UINT64_C(1) << (number - 1);
        if (before.sa_handler != SIG_IGN || number == SIGCHLD)
                sigaction(number, &action, NULL);
}

int dn_signals_open(void) {
        static const int numbers[] = {SIGINT,  SIGTERM,  SIGHUP,  SIGQUIT, SIGUSR1, SIGUSR2,
                                      SIGCONT, SIGWINCH, SIGTSTP, SIGCHLD, SIGPIPE};

        if (pipe(pipe_ends) < 0)
                return -errno;
        for (int i = 0; i < 2; i++)
                if (fcntl(pipe_ends[i], F_SETFD, FD_CLOEXEC) < 0 || fcntl(pipe_ends[i], F_SETFL, O_NONBLOCK) < 0)
                        return -errno;
        for (size_t i = 0; i < DN_COUNT(numbers); i++)
                handle(numbers[i]);
        return pipe_ends[0];
}

bool dn_signals_next(struct dn_signal *ret_signal) {
        ssize_t n;

        do
                n = read(pipe_ends[0], ret_signal, sizeof(*ret_signal));
        while (n < 0 && errno == EINTR);
        return n == (ssize_t)sizeof(*ret_signal);
}

uint64_t dn_signals_ignored(void) {
        return ignored;
}

void dn_signals_pass_to(denet *stream) {
        command = stream;
}

void dn_signals_stop_self(void) {
        struct sigaction ours, standard = {.sa_handler = SIG_DFL};

        sigaction(SIGTSTP, &standard, &ours);
        raise(SIGTSTP);
        sigaction(SIGTSTP, &ours, NULL);
}
