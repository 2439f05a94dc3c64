/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int dn_loop_open(struct dn_loop *loop) {
        *loop = (struct dn_loop){.fd = -1, .timer = -1, .armed_ns = INT64_MAX};
        loop->fd = epoll_create1(EPOLL_CLOEXEC);
        loop->timer = loop->fd < 0 ? -1 : timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (loop->timer < 0) {
                int error = -errno;

                dn_loop_close(loop);
                return error;
        }
        return dn_loop_watch(loop, loop->timer);
}

void dn_loop_close(struct dn_loop *loop) {
        if (loop->timer >= 0)
                close(loop->timer);
        if (loop->fd >= 0)
                close(loop->fd);
        loop->fd = loop->timer = -1;
}

int dn_loop_watch(struct dn_loop *loop, int fd) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

        return epoll_ctl(loop->fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void dn_loop_unwatch(struct dn_loop *loop, int fd) {
        epoll_ctl(loop->fd, EPOLL_CTL_DEL, fd, NULL);
}

int dn_loop_arm(struct dn_loop *loop, int64_t deadline_ns) {
        struct itimerspec when = {0};

        if (deadline_ns == loop->armed_ns)
                return 0;
        if (deadline_ns != INT64_MAX) {
                /* 0 would disarm it. */
                int64_t ns = deadline_ns > 0 ? deadline_ns : 1;

                when.it_value = (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
        }
        if (timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &when, NULL) < 0)
                return -errno;
        loop->armed_ns = deadline_ns;
        return 0;
}

int dn_loop_wait(struct dn_loop *loop, int timeout_ms) {
        struct epoll_event event;
        int n = epoll_wait(loop->fd, &event, 1, timeout_ms);

        return n < 0 ? -errno : n > 0;
}
