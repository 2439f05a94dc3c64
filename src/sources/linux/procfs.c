/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/procfs.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/slots.h"
#include "host/apart.h"
#include "sources/linux/parse_stat.h"
#include "sources/linux/parse_status.h"
#include "sources/linux/probe/rights.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

static const char *const held_names[DN_HELD_FILES] = {
        [DN_HELD_STAT] = "stat",
        [DN_HELD_IO] = "io",
        [DN_HELD_STATM] = "statm",
};

/* Left free for all else that this program and its host do. */
enum { SPARE_DESCRIPTORS = 128, NOT_OPEN = -1, REFUSED = -2 };

/* Given back when the kernel has none to give any more: what is not held is opened for its reading. */
enum { SPARE_AT_LIMIT = 8 };

/* The clock's number is the kernel's encoding of "process, all threads, scheduler time" (posix-timers.h). */
static bool kernel_clock(const struct dn_procfs *p, int64_t pid, int64_t *ret_ns) {
        clockid_t clock = (clockid_t)((~(unsigned)pid) << 3 | 2);
        struct timespec t;

        (void)p;
        /* Past the vDSO, which knows nothing of such clocks and would be asked in vain for each process. */
        if (syscall(SYS_clock_gettime, clock, &t) < 0)
                return false;
        *ret_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
        return true;
}

static void take_units(struct dn_procfs *p) {
        long hz = sysconf(_SC_CLK_TCK);

        p->tick_us = 1000000 / (hz > 0 ? hz : 100);
        p->page_kb = sysconf(_SC_PAGESIZE) / 1024;
}

/* A /proc of another PID namespace, as a new one sees it until it mounts its own, has other processes by our numbers.
 */
static bool is_ours(int root) {
        char link[32];
        ssize_t n = readlinkat(root, "self", link, sizeof(link));
        uint64_t pid;

        return n > 0 && dn_str_u64((struct dn_str){link, (size_t)n}, &pid) && pid == (uint64_t)getpid();
}

int dn_platform_open(struct dn_procfs **ret_procfs, const char *root) {
        struct dn_procfs *p = calloc(1, sizeof(*p));
        struct rlimit limit;

        if (!p)
                return -ENOMEM;
        p->real = !root;
        p->self = p->real ? getpid() : 0;
        p->cpu_clock = p->real ? kernel_clock : NULL;
        take_units(p);
        p->root = dn_file_directory(AT_FDCWD, root ? root : "/proc");
        if (p->root >= 0 && p->real && !is_ours(p->root)) {
                close(p->root);
                p->root = -ENODEV;
        }
        if (p->root < 0) {
                int error = p->root == -ENOENT ? -ENODEV : p->root;

                free(p);
                return error;
        }
        if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > SPARE_DESCRIPTORS)
                p->limit = limit.rlim_cur > UINT32_MAX ? UINT32_MAX : (uint32_t)limit.rlim_cur - SPARE_DESCRIPTORS;
        *ret_procfs = p;
        return 0;
}

void dn_platform_close(struct dn_procfs *p) {
        if (!p)
                return;
        for (uint32_t slot = 0; slot < p->room; slot++)
                dn_procfs_release(p, slot);
        free(p->by_slot);
        close(p->root);
        free(p);
}

/* "123" or "123/stat" below the root. */
static void path_of(char *path, size_t room, int64_t pid, const char *file) {
        snprintf(path, room, file ? "%lld/%s" : "%lld", (long long)pid, file);
}

static void give_back(struct dn_procfs *p, int *fd) {
        if (*fd >= 0) {
                close(*fd);
                p->held--;
        }
        if (*fd != REFUSED)
                *fd = NOT_OPEN;
}

static void give_back_files(struct dn_procfs *p, struct dn_held_process *held) {
        for (int i = 0; i < DN_HELD_FILES; i++)
                give_back(p, &held->file[i]);
}

/* From now on two files a process, no more. */
static void become_lean(struct dn_procfs *p) {
        p->lean = true;
        for (uint32_t slot = 0; slot < p->room; slot++) {
                if (!p->by_slot[slot].used)
                        continue;
                give_back(p, &p->by_slot[slot].directory);
                give_back(p, &p->by_slot[slot].file[DN_HELD_STATM]);
        }
}

/* There is room for one more descriptor: made, where that can be, by giving up those of a process that sleeps. */
static bool has_place(struct dn_procfs *p) {
        enum { LOOK_AT = 16 };

        if (p->held >= p->limit && !p->lean)
                become_lean(p);
        for (int i = 0; i < LOOK_AT && p->held >= p->limit && p->room > 0; i++) {
                struct dn_held_process *held = &p->by_slot[p->hand++ % p->room];

                if (held->used && held->read_in + 1 < p->pass)
                        give_back_files(p, held);
        }
        return p->held < p->limit;
}

/* The kernel has none to give any more: somewhat fewer than these it is, whoever has to give them up. */
static void limit_reached(struct dn_procfs *p) {
        p->limit = p->held > SPARE_AT_LIMIT ? p->held - SPARE_AT_LIMIT : 0;
        become_lean(p);
        while (p->held > p->limit)
                give_back_files(p, &p->by_slot[p->hand++ % p->room]);
}

void dn_procfs_begin(struct dn_procfs *p) {
        p->pass++;
}

int dn_procfs_hold(struct dn_procfs *p, uint32_t slot, int64_t pid) {
        struct dn_held_process *by_slot = dn_slots_reserve(p->by_slot, &p->room, slot, sizeof(*by_slot)), *held;
        char path[32];

        if (!by_slot)
                return -ENOMEM;
        p->by_slot = by_slot;
        held = &by_slot[slot];
        *held = (struct dn_held_process){.pid = pid,
                                         .directory = NOT_OPEN,
                                         .file = {NOT_OPEN, NOT_OPEN, NOT_OPEN},
                                         .read_in = p->pass,
                                         .used = true};
        if (!has_place(p) || p->lean)
                return 0;
        path_of(path, sizeof(path), pid, NULL);
        held->directory = dn_file_directory(p->root, path);
        if (held->directory == -EMFILE || held->directory == -ENFILE) {
                held->directory = NOT_OPEN;
                limit_reached(p);
        }
        if (held->directory == -ENOENT || held->directory == -ESRCH)
                return held->directory;
        if (held->directory < NOT_OPEN)
                held->directory = NOT_OPEN; /* it is read by its pid then */
        p->held += held->directory >= 0;
        return 0;
}

void dn_procfs_release(struct dn_procfs *p, uint32_t slot) {
        if (slot >= p->room || !p->by_slot[slot].used)
                return;
        give_back_files(p, &p->by_slot[slot]);
        give_back(p, &p->by_slot[slot].directory);
        p->by_slot[slot].used = false;
}

static int open_below(const struct dn_procfs *p, const struct dn_held_process *held, const char *path) {
        char whole[96];
        int fd;

        if (held->directory >= 0)
                fd = openat(held->directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        else {
                path_of(whole, sizeof(whole), held->pid, path);
                fd = openat(p->root, whole, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        }
        return fd < 0 ? -errno : fd;
}

int dn_procfs_open_at(struct dn_procfs *p, uint32_t slot, const char *path) {
        int fd = open_below(p, &p->by_slot[slot], path);

        if ((fd != -EMFILE && fd != -ENFILE) || p->held == 0)
                return fd;
        limit_reached(p);
        return open_below(p, &p->by_slot[slot], path);
}

int dn_procfs_read_at(struct dn_procfs *p, uint32_t slot, const char *path, char *buffer, size_t room) {
        dn_autoclose int fd = dn_procfs_open_at(p, slot, path);

        return fd < 0 ? fd : dn_file_reread(fd, buffer, room);
}

int dn_procfs_read_stat(struct dn_procfs *p, int64_t pid, char *buffer, size_t room) {
        char path[32];
        int n;

        path_of(path, sizeof(path), pid, "stat");
        n = dn_file_read(p->root, path, buffer, room);
        if ((n != -EMFILE && n != -ENFILE) || p->held == 0)
                return n;
        limit_reached(p);
        return dn_file_read(p->root, path, buffer, room);
}

/* Opened for this reading, and held from then on where there is room. */
static int read_anew(struct dn_procfs *p, uint32_t slot, int file, char *buffer, size_t room) {
        struct dn_held_process *held = &p->by_slot[slot];
        int fd = dn_procfs_open_at(p, slot, held_names[file]);
        int n = fd < 0 ? fd : dn_file_reread(fd, buffer, room);

        /* Of stat it is asked again: it is what says that the process has gone. */
        if ((n == -EACCES || n == -EPERM) && file != DN_HELD_STAT)
                held->file[file] = REFUSED;
        if (fd < 0)
                return n;
        if (n < 0 || !has_place(p) || (p->lean && file == DN_HELD_STATM)) {
                close(fd);
                return n;
        }
        held->file[file] = fd;
        p->held++;
        return n;
}

int dn_procfs_read(struct dn_procfs *p, uint32_t slot, int file, char *buffer, size_t room) {
        struct dn_held_process *held = &p->by_slot[slot];
        int fd = held->file[file];

        held->read_in = p->pass;
        if (fd == REFUSED)
                return -EACCES;
        return fd >= 0 ? dn_file_reread(fd, buffer, room) : read_anew(p, slot, file, buffer, room);
}

int dn_platform_identify(struct dn_procfs *p, int64_t pid, struct dn_key *ret_key) {
        char path[32], line[1024];
        struct dn_stat stat;
        int n;

        path_of(path, sizeof(path), pid, "stat");
        n = dn_file_read(p->root, path, line, sizeof(line));
        if (n < 0)
                return n == -ENOENT ? -ESRCH : n;
        if (dn_stat_parse((struct dn_str){line, (size_t)n}, &stat) < 0)
                return -EBADMSG;
        *ret_key = (struct dn_key){pid, stat.start_ticks};
        return 0;
}

int dn_platform_text(struct dn_procfs *p, int64_t pid, int which, struct dn_text *text) {
        enum { CMDLINE_MAX = 4 << 20, PATH_ROOM = 4096 };
        char path[32], *link;
        ssize_t n;

        path_of(path, sizeof(path), pid, which == DN_TEXT_CMDLINE ? "cmdline" : "exe");
        if (which == DN_TEXT_CMDLINE)
                return dn_file_append(p->root, path, CMDLINE_MAX, text);
        link = dn_text_reserve(text, PATH_ROOM);
        if (!link)
                return -ENOMEM;
        n = readlinkat(p->root, path, link, PATH_ROOM);
        if (n < 0)
                return -errno;
        text->n += (size_t)n;
        return 0;
}

/* /proc/loadavg: three averages, and "running/all". */
int64_t dn_platform_tasks(struct dn_procfs *p) {
        char line[128];
        int n = dn_file_read(p->root, "loadavg", line, sizeof(line));
        struct dn_str rest = {line, n > 0 ? (size_t)n : 0}, running;
        uint64_t tasks;

        return dn_str_cut(&rest, '/', &running) && dn_str_take_u64(&rest, &tasks) && tasks <= INT32_MAX ? (int64_t)tasks
                                                                                                        : 0;
}

bool dn_platform_may_load_bpf(struct dn_procfs *p) {
        return dn_rights_load_bpf(dn_rights_read(p->root).has);
}

bool dn_platform_is_kernel_thread(struct dn_procfs *p, int64_t pid) {
        enum { PF_KTHREAD = 0x00200000 };
        char path[32], line[1024];
        struct dn_stat stat;
        int n;

        path_of(path, sizeof(path), pid, "stat");
        n = dn_file_read(p->root, path, line, sizeof(line));
        return n > 0 && dn_stat_parse((struct dn_str){line, (size_t)n}, &stat) == 0 && (stat.flags & PF_KTHREAD);
}

int64_t dn_platform_own_peak_kb(struct dn_procfs *p) {
        char file[8192];
        struct dn_status status;
        struct rusage self = {0};
        int n = dn_file_read(p->root, "self/status", file, sizeof(file));

        if (n > 0 && dn_status_parse((struct dn_str){file, (size_t)n}, &status) == 0 && status.hwm_kb >= 0)
                return status.hwm_kb;
        getrusage(RUSAGE_SELF, &self);
        return self.ru_maxrss;
}

bool dn_platform_may_fork(struct dn_procfs *p, int64_t watched) {
        enum { MUCH_KB = 1 << 17 };

        return p->real && watched != p->self && dn_apart_is_alone(p->root) && dn_platform_own_peak_kb(p) < MUCH_KB;
}
