/* SPDX-License-Identifier: GPL-3.0-or-later
 * reap REPORT PROGRAM [ARG…]: runs it, waits for it, and reports what the kernel then says of it and of this program
 * (rusage). */
#include "truth.h"

int main(int argc, char *argv[]) {
        struct rusage self, children;
        struct report *report;
        int status;
        pid_t pid;

        if (argc < 3)
                return 99;
        report = report_open(argv[1]);
        pid = fork();
        if (pid < 0)
                die("fork");
        if (pid == 0) {
                execvp(argv[2], argv + 2);
                die(argv[2]);
        }
        if (waitpid(pid, &status, 0) < 0)
                die("waitpid");
        getrusage(RUSAGE_SELF, &self);
        getrusage(RUSAGE_CHILDREN, &children);
        report->user_us = (uint64_t)(self.ru_utime.tv_sec + children.ru_utime.tv_sec) * 1000000u +
                          (uint64_t)(self.ru_utime.tv_usec + children.ru_utime.tv_usec);
        report->system_us = (uint64_t)(self.ru_stime.tv_sec + children.ru_stime.tv_sec) * 1000000u +
                            (uint64_t)(self.ru_stime.tv_usec + children.ru_stime.tv_usec);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}
