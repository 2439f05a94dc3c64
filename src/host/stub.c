/* SPDX-License-Identifier: GPL-3.0-or-later
 * The host on an unknown system: nothing can be started or watched there, saved files can be read. */
#include "host/kill.h"
#include "host/loop.h"
#include "host/own_cgroup.h"
#include "host/spawn.h"

#include <errno.h>

int dn_loop_open(struct dn_loop *loop) {
        *loop = (struct dn_loop){.fd = -1, .timer = -1, .armed_ns = INT64_MAX};
        return -ENOTSUP;
}

void dn_loop_close(struct dn_loop *loop) {
        (void)loop;
}

int dn_loop_watch(struct dn_loop *loop, int fd) {
        (void)loop;
        (void)fd;
        return -ENOTSUP;
}

void dn_loop_unwatch(struct dn_loop *loop, int fd) {
        (void)loop;
        (void)fd;
}

int dn_loop_arm(struct dn_loop *loop, int64_t deadline_ns) {
        (void)loop;
        (void)deadline_ns;
        return -ENOTSUP;
}

int dn_loop_wait(struct dn_loop *loop, int timeout_ms) {
        (void)loop;
        (void)timeout_ms;
        return -ENOTSUP;
}

int dn_spawn_hold(const struct dn_spawn *s, struct dn_held *ret_held) {
        (void)s;
        (void)ret_held;
        return -ENOTSUP;
}

int dn_spawn_release(struct dn_held *held) {
        (void)held;
        return -ENOTSUP;
}

void dn_spawn_close(struct dn_held *held) {
        (void)held;
}

bool dn_spawn_find(const char *name, char *const *env, struct dn_text *path) {
        (void)name;
        (void)env;
        (void)path;
        return false;
}

void dn_cgroup_init(struct dn_cgroup *c) {
        *c = (struct dn_cgroup){.begun = true};
        for (int h = 0; h < DN_HIERARCHIES; h++)
                c->at[h] = c->above[h] = -1;
}

void dn_cgroup_close(struct dn_cgroup *c) {
        dn_text_free(&c->why);
        dn_text_free(&c->hint);
}

int dn_cgroup_find(struct dn_cgroup *c, const char *proc, const char *pid) {
        (void)proc;
        (void)pid;
        if (c->why.n == 0)
                dn_text_put(&c->why, DN_STR("this system has no cgroups"));
        return -ENOTSUP;
}

int dn_own_cgroup_make(struct dn_cgroup *c, const char *proc, bool require) {
        (void)require;
        return dn_cgroup_find(c, proc, NULL);
}

int dn_own_cgroup_join(struct dn_cgroup *c, pid_t pid, bool unified) {
        (void)pid;
        (void)unified;
        return dn_cgroup_find(c, NULL, NULL);
}

void dn_own_cgroup_tidy(const struct dn_cgroup *c) {
        (void)c;
}

void dn_own_cgroup_kill(const struct dn_cgroup *c) {
        (void)c;
}

void dn_own_cgroup_remove(struct dn_cgroup *c) {
        dn_cgroup_close(c);
}

int dn_pidfd_open(int64_t pid) {
        (void)pid;
        return -ENOTSUP;
}

int dn_kill(int pidfd, int number) {
        (void)pidfd;
        (void)number;
        return -ENOTSUP;
}
