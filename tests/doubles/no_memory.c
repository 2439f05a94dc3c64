/* SPDX-License-Identifier: GPL-3.0-or-later
 * Preloaded: lets the Nth allocation of one program fail, and no other program's.
 *
 *     NO_MEMORY="N REPORT PROGRAM" LD_PRELOAD=no_memory.so PROGRAM ARGUMENT…
 *
 * N 0: none; -N: the Nth and all that follow, as when memory is out. REPORT is a file of two words, which stand there
 * however the program ends: how many allocations there were, and from where the failed one was asked for, less where
 * the program was loaded. Neither variable is left in the environment, so what the program starts has none of this.
 *
 * Counted is from main on, of whatever thread, those of libc's own functions too (fopen, opendir, strdup). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define VISIBLE __attribute__((visibility("default")))

struct report {
        _Atomic uint64_t allocations, failed_at;
};

static struct report *report;
static long fails;
static uintptr_t base;

static void *(*real_malloc)(size_t), *(*real_calloc)(size_t, size_t), *(*real_realloc)(void *, size_t);
static void *(*real_aligned)(size_t, size_t);
static void (*real_free)(void *);

/* What is asked for while the real ones are looked up. */
static _Alignas(16) char early[65536];
static size_t early_used;
static bool looking;

static void *take_early(size_t size) {
        void *p = early + early_used;

        early_used += (size + 15) & ~(size_t)15;
        if (early_used > sizeof(early))
                abort();
        return p;
}

static bool is_early(const void *p) {
        return (const char *)p >= early && (const char *)p < early + sizeof(early);
}

static void look_up(void) {
        looking = true;
        *(void **)&real_malloc = dlsym(RTLD_NEXT, "malloc");
        *(void **)&real_calloc = dlsym(RTLD_NEXT, "calloc");
        *(void **)&real_realloc = dlsym(RTLD_NEXT, "realloc");
        *(void **)&real_aligned = dlsym(RTLD_NEXT, "aligned_alloc");
        *(void **)&real_free = dlsym(RTLD_NEXT, "free");
        looking = false;
}

static bool must_wait(void) {
        if (!real_free && !looking)
                look_up();
        return looking;
}

static bool fail(const void *caller) {
        uint64_t n;

        if (!report)
                return false;
        n = atomic_fetch_add(&report->allocations, 1) + 1;
        if (n != (uint64_t)(fails < 0 ? -fails : fails) && (fails >= 0 || n < (uint64_t)-fails))
                return false;
        if (!report->failed_at)
                report->failed_at = (uintptr_t)caller - base;
        errno = ENOMEM;
        return true;
}

VISIBLE void *malloc(size_t size) {
        if (must_wait())
                return take_early(size);
        return fail(__builtin_return_address(0)) ? NULL : real_malloc(size);
}

VISIBLE void *calloc(size_t n, size_t size) {
        if (must_wait())
                return take_early(n * size);
        return fail(__builtin_return_address(0)) ? NULL : real_calloc(n, size);
}

VISIBLE void *realloc(void *p, size_t size) {
        if (must_wait())
                abort();
        if (is_early(p)) {
                void *moved = real_malloc(size);

                return moved ? memcpy(moved, p, size) : NULL;
        }
        return fail(__builtin_return_address(0)) ? NULL : real_realloc(p, size);
}

VISIBLE void *aligned_alloc(size_t alignment, size_t size) {
        if (must_wait())
                abort();
        return fail(__builtin_return_address(0)) ? NULL : real_aligned(alignment, size);
}

VISIBLE int posix_memalign(void **ret_p, size_t alignment, size_t size) {
        void *p = aligned_alloc(alignment, size);

        if (!p)
                return ENOMEM;
        *ret_p = p;
        return 0;
}

VISIBLE void free(void *p) {
        if (!is_early(p) && !must_wait())
                real_free(p);
}

static int take_base(struct dl_phdr_info *info, size_t size, void *to) {
        (void)size;
        *(uintptr_t *)to = info->dlpi_addr;
        return 1; /* the first is the program */
}

static bool is_this(const char *program) {
        char path[4096];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

        path[n > 0 ? n : 0] = '\0';
        return strcmp(path, program) == 0;
}

__attribute__((constructor)) static void begin(void) {
        const char *words = getenv("NO_MEMORY");
        char path[2048], program[2048];
        void *shared;
        int fd;

        if (!words || sscanf(words, "%ld %2047s %2047s", &fails, path, program) != 3 || !is_this(program))
                return;
        unsetenv("NO_MEMORY");
        unsetenv("LD_PRELOAD");
        must_wait();
        dl_iterate_phdr(take_base, &base);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0 || ftruncate(fd, sizeof(*report)) < 0)
                abort();
        shared = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (shared == MAP_FAILED)
                abort();
        report = shared;
}
