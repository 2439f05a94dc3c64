/* SPDX-License-Identifier: GPL-3.0-or-later
 * nest REPORT COMMAND…: runs it, waits for it and for each orphan that comes of it, and writes to REPORT what the
 * kernel says of them all: so nothing that was started stays, and there is a second opinion of what was used. */
#include "../truth/truth.h"

#include <sys/prctl.h>

/* run.py reads this: native 64-bit numbers. */
struct nest {
        uint64_t pid;      /* of the command, once it is there */
        uint64_t ended;    /* the command has: 1 more than its wait status */
        uint64_t own_us;   /* it alone used, without its children; in ticks of 10 ms */
        uint64_t early_us; /* used by it and by what it had waited for */
        uint64_t all_us;   /* used by everybody, at the end */
        uint64_t orphans;  /* that came when it had ended, or went past it */
        uint64_t done;
};

static uint64_t used_us(const struct rusage *ru) {
        return (uint64_t)(ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1000000 +
               (uint64_t)(ru->ru_utime.tv_usec + ru->ru_stime.tv_usec);
}

/* utime and stime of a zombie. */
static uint64_t own_us(pid_t pid) {
        char path[64], line[1024], *at;
        unsigned long long utime = 0, stime = 0;
        FILE *in;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        in = fopen(path, "re");
        at = in && fgets(line, sizeof(line), in) ? strrchr(line, ')') : NULL;
        for (int field = 2; at && field < 14; field++)
                at = strchr(at + 1, ' ');
        if (at)
                sscanf(at, "%llu %llu", &utime, &stime);
        if (in)
                fclose(in);
        return (utime + stime) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void wait_for_one(struct nest *nest, pid_t pid) {
        bool command = (uint64_t)pid == nest->pid;
        uint64_t own = command ? own_us(pid) : 0;
        struct rusage ru;
        int status;

        if (wait4(pid, &status, 0, &ru) != pid)
                return;
        nest->orphans += !command;
        if (!command)
                return;
        nest->own_us = own;
        nest->early_us = used_us(&ru);
        __atomic_store_n(&nest->ended, (uint64_t)status + 1, __ATOMIC_SEQ_CST);
}

/* When a process group loses the last one that tied it to its session while somebody of it is stopped, the kernel hangs
 * up on all of it, and this one belongs to it. Not to be ignored: that would be inherited. */
static void take_note(int number) {
        (void)number;
}

int main(int argc, char *argv[]) {
        struct nest *nest;
        struct rusage ru;
        siginfo_t info;
        pid_t pid;
        int fd;

        if (argc < 3)
                return 99;
        fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0 || ftruncate(fd, sizeof(*nest)) < 0)
                die(argv[1]);
        nest = mmap(NULL, sizeof(*nest), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (nest == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
                die("nest");
        signal(SIGHUP, take_note);
        pid = fork();
        if (pid < 0)
                die("fork");
        if (pid == 0) {
                execv(argv[2], argv + 2);
                die(argv[2]);
        }
        __atomic_store_n(&nest->pid, (uint64_t)pid, __ATOMIC_SEQ_CST);
        for (;;) {
                memset(&info, 0, sizeof(info));
                if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0)
                        wait_for_one(nest, info.si_pid);
                else if (errno != EINTR)
                        break;
        }
        getrusage(RUSAGE_CHILDREN, &ru);
        nest->all_us = used_us(&ru);
        __atomic_store_n(&nest->done, 1, __ATOMIC_SEQ_CST);
        return 0;
}
