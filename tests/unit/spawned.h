/* SPDX-License-Identifier: GPL-3.0-or-later
 * Commands that are held and let go, by the functions of host/spawn.h. */
#pragma once
#include "descriptors.h"
#include "host/spawn.h"

static inline struct dn_held hold(const struct dn_spawn *s) {
        struct dn_held held;

        assert_int_equal(dn_spawn_hold(s, &held), 0);
        assert_true(held.pid > 0);
        assert_true(held.pidfd >= 0);
        return held;
}

static inline int status_of(struct dn_held *held) {
        int status;

        assert_int_equal(waitpid(held->pid, &status, 0), held->pid);
        dn_spawn_close(held);
        return status;
}

static inline int run(const struct dn_spawn *s) {
        struct dn_held held = hold(s);

        assert_int_equal(dn_spawn_release(&held), 0);
        return status_of(&held);
}

static inline int refused(const struct dn_spawn *s) {
        struct dn_held held = hold(s);
        int r = dn_spawn_release(&held);

        assert_int_equal(waitpid(held.pid, NULL, WNOHANG), -1); /* it was waited for */
        dn_spawn_close(&held);
        return r;
}

/* Runs it with its output taken up. */
static inline void assert_prints(struct dn_spawn s, const char *expected) {
        dn_autotext struct dn_text text = {0};
        int ends[2], stdio[3] = {-1, -1, 2};
        struct dn_held held;
        char buffer[4096];
        ssize_t n;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        if (s.stdio)
                memcpy(stdio, s.stdio, sizeof(stdio));
        stdio[1] = ends[1];
        s.stdio = stdio;
        held = hold(&s);
        close(ends[1]);
        assert_int_equal(dn_spawn_release(&held), 0);
        while ((n = read(ends[0], buffer, sizeof(buffer))) > 0)
                dn_text_put(&text, (struct dn_str){buffer, (size_t)n});
        close(ends[0]);
        assert_int_equal(status_of(&held), 0);
        assert_text_is(&text, expected);
}

/* A file of the process, whole; empty where there is none. */
static inline void read_proc(pid_t pid, const char *file, char buffer[static 4096]) {
        dn_autoclose int fd = -1;
        char path[64];
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? 0 : read(fd, buffer, 4095);
        buffer[n > 0 ? n : 0] = '\0';
}
