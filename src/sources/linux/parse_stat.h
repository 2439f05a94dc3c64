/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "base/str.h"

#include <sys/types.h>

enum { DN_COMM_MAX = 64 };

/* One /proc/PID/stat line. Times in clock ticks, sizes as the kernel gives them (pages). proc_pid_stat(5). */
struct dn_stat {
        char comm[DN_COMM_MAX]; /* ends in NUL; may hold any other byte */
        uint8_t comm_size;
        char state;
        int64_t ppid;
        uint64_t flags;
        uint64_t minflt, cminflt, majflt, cmajflt;
        uint64_t utime_ticks, stime_ticks, cutime_ticks, cstime_ticks;
        uint64_t num_threads;
        uint64_t start_ticks; /* since boot */
        uint64_t vsize_bytes; /* 0 where the line ends before it; so of the next two */
        uint64_t rss_pages;   /* near enough to see that it moved: the kernel sums it up in batches by core */
        uint64_t startstack;  /* 0 without the right to trace it too */
        bool ignores_sigchld; /* children of this process fold into nobody */
        int64_t processor;    /* -1: the line ends before it */
};

/* Parses `line`. Returns 0, or -EBADMSG when a field is missing or no number; *ret_stat is then untouched. */
int dn_stat_parse(struct dn_str line, struct dn_stat *ret_stat);
