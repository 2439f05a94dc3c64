/* SPDX-License-Identifier: GPL-3.0-or-later
 * state FILE: writes to FILE all that a process inherits, a line each, as text to be compared. */
#include "truth.h"

#include <dirent.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>

extern char **environ;

static void put_descriptors(FILE *out) {
        for (int fd = 0; fd < 1024; fd++) {
                struct stat st;

                if (fd == fileno(out) || fstat(fd, &st) < 0)
                        continue;
                fprintf(out, "fd %d: type %o, flags %x, descriptor flags %x, offset %lld\n", fd, st.st_mode & S_IFMT,
                        fcntl(fd, F_GETFL), fcntl(fd, F_GETFD), (long long)lseek(fd, 0, SEEK_CUR));
        }
}

/* What of it differs between two runs of any program is left out. */
static void put_status(FILE *out) {
        static const char *const wanted[] = {
                "Umask:",
                "Uid:",
                "Gid:",
                "Groups:",
                "SigBlk:",
                "SigIgn:",
                "SigCgt:",
                "SigPnd:",
                "ShdPnd:",
                "CapInh:",
                "CapPrm:",
                "CapEff:",
                "CapBnd:",
                "CapAmb:",
                "NoNewPrivs:",
                "Seccomp:",
                "TracerPid:",
                "NSsid:",
                "NSpgid:",
                "Cpus_allowed_list:",
                "Mems_allowed_list:",
                "THP_enabled:",
        };
        FILE *in = fopen("/proc/self/status", "re");
        char line[4096];

        while (in && fgets(line, sizeof(line), in))
                for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
                        if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
                                fputs(line, out);
        if (in)
                fclose(in);
}

static void put_file(FILE *out, const char *path) {
        FILE *in = fopen(path, "re");
        char line[4096];

        while (in && fgets(line, sizeof(line), in))
                fprintf(out, "%s: %s", path, line);
        if (in)
                fclose(in);
}

int main(int argc, char *argv[]) {
        struct sched_param param = {0};
        int death = -1, reaper = -1;
        char cwd[4096];
        FILE *out;
        int fd;

        if (argc < 2)
                return 99;
        fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
        /* High, so that it takes the place of nothing that was closed. */
        out = fd < 0 ? NULL : fdopen(fcntl(fd, F_DUPFD_CLOEXEC, 500), "w");
        if (!out)
                return 98;
        close(fd);
        put_descriptors(out);
        put_status(out);
        put_file(out, "/proc/self/limits");
        put_file(out, "/proc/self/oom_score_adj");
        put_file(out, "/proc/self/coredump_filter");
        put_file(out, "/proc/self/personality");
        put_file(out, "/proc/self/cgroup");
        sched_getparam(0, &param);
        prctl(PR_GET_PDEATHSIG, &death);
        prctl(PR_GET_CHILD_SUBREAPER, &reaper);
        errno = 0;
        fprintf(out, "nice %d, policy %d, priority %d\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0),
                param.sched_priority);
        fprintf(out, "death signal %d, subreaper %d, dumpable %d, timer slack %d, keeps capabilities %d\n", death,
                reaper, prctl(PR_GET_DUMPABLE), prctl(PR_GET_TIMERSLACK), prctl(PR_GET_KEEPCAPS));
        fprintf(out, "group %d, session %d, foreground group %d\n", getpgrp(), getsid(0), tcgetpgrp(0));
        fprintf(out, "cwd %s\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?");
        for (int i = 0; i < argc; i++)
                fprintf(out, "argv[%d] %s\n", i, argv[i]);
        for (char **e = environ; *e; e++)
                fprintf(out, "env %s\n", *e);
        return fclose(out) == 0 ? 0 : 97;
}
