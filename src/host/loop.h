/* SPDX-License-Identifier: GPL-3.0-or-later
 * One descriptor that is readable when something is due: an absolute deadline, or one of the watched descriptors. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct dn_loop {
        int fd; /* for the caller's own poll */
        int timer;
        int64_t armed_ns;
};

int dn_loop_open(struct dn_loop *loop); /* 0 or -errno */
void dn_loop_close(struct dn_loop *loop);

/* Readable from now on when `fd` is; `fd` stays the caller's and must be unwatched before it is closed. 0 or -errno. */
int dn_loop_watch(struct dn_loop *loop, int fd);
void dn_loop_unwatch(struct dn_loop *loop, int fd);

/* The one deadline, monotonic; in the past: at once. INT64_MAX: none. 0 or -errno. */
int dn_loop_arm(struct dn_loop *loop, int64_t deadline_ns);

/* Waits until something is due, timeout_ms at most (-1: as long as it takes). 1; 0: nothing yet; -EINTR. */
int dn_loop_wait(struct dn_loop *loop, int timeout_ms);
