/* SPDX-License-Identifier: GPL-3.0-or-later
 * Preloaded: clocks of one program that jump, when a file is there.
 *
 *     JUMP="KIND SECONDS FILE PROGRAM" LD_PRELOAD=clock.so PROGRAM ARGUMENT…
 *
 * KIND set: somebody sets the clock, so CLOCK_REALTIME alone is SECONDS on. KIND sleep: the machine was suspended, so
 * CLOCK_BOOTTIME is on as well; CLOCK_MONOTONIC stands still while it is. Neither variable is left in the environment.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char kind[16], file[2048];
static long seconds;
static bool ours;

static bool is_this(const char *program) {
        char path[4096];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

        path[n > 0 ? n : 0] = '\0';
        return strcmp(path, program) == 0;
}

__attribute__((constructor)) static void begin(void) {
        const char *words = getenv("JUMP");
        char program[2048];

        if (!words || sscanf(words, "%15s %ld %2047s %2047s", kind, &seconds, file, program) != 4 || !is_this(program))
                return;
        unsetenv("JUMP");
        unsetenv("LD_PRELOAD");
        ours = true;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *t) {
        bool jumps = clock == CLOCK_REALTIME || (clock == CLOCK_BOOTTIME && strcmp(kind, "sleep") == 0);
        long r = syscall(SYS_clock_gettime, clock, t);

        if (r == 0 && ours && jumps && access(file, F_OK) == 0)
                t->tv_sec += seconds;
        return (int)r;
}
