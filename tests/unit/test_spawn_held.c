/* SPDX-License-Identifier: GPL-3.0-or-later
 * One that is held has done nothing, and ends with whoever holds it. */
#include "spawned.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

static void one_that_is_held_has_read_and_written_nothing(void **state) {
        struct dn_held held = hold(&(struct dn_spawn){.argv = ARGV((char *)"/bin/true")});
        char io[4096];

        for (int i = 0; i < 20; i++) {
                read_proc(held.pid, "io", io);
                assert_string_equal(io, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n"
                                        "cancelled_write_bytes: 0\n");
                usleep(1000);
        }
        assert_int_equal(dn_spawn_release(&held), 0);
        assert_int_equal(status_of(&held), 0);
}

static void one_that_is_held_has_not_begun(void **state) {
        char path[32];
        int directory = make_directory(path);
        char *const argv[] = {(char *)"/bin/mkdir", (char *)"x", NULL};
        struct dn_held held = hold(&(struct dn_spawn){.argv = argv, .cwd = path});
        struct pollfd end = {.fd = held.pidfd, .events = POLLIN};

        assert_int_equal(poll(&end, 1, 50), 0);
        assert_int_equal(faccessat(directory, "x", F_OK, 0), -1);
        assert_int_equal(dn_spawn_release(&held), 0);
        assert_int_equal(poll(&end, 1, 5000), 1);
        assert_int_equal(status_of(&held), 0);
        assert_int_equal(unlinkat(directory, "x", AT_REMOVEDIR), 0);
        remove_directory(directory, path);
}

static void closing_one_that_is_held_ends_it(void **state) {
        struct dn_held held = hold(&(struct dn_spawn){.argv = SHELL("exit 9")});
        pid_t pid = held.pid;

        dn_spawn_close(&held);
        assert_int_equal(kill(pid, 0), -1);
        assert_int_equal(errno, ESRCH);
        assert_int_equal(held.pidfd, -1);
        dn_spawn_close(&held);
}

static void several_may_be_held_and_let_go_in_any_order(void **state) {
        struct dn_held held[4];

        for (int i = 0; i < 4; i++)
                held[i] = hold(&(struct dn_spawn){.argv = SHELL("exit 5")});
        assert_int_equal(dn_spawn_release(&held[2]), 0);
        assert_int_equal(WEXITSTATUS(status_of(&held[2])), 5);
        dn_spawn_close(&held[1]);
        assert_int_equal(dn_spawn_release(&held[0]), 0);
        assert_int_equal(WEXITSTATUS(status_of(&held[0])), 5);
        assert_int_equal(dn_spawn_release(&held[3]), 0);
        assert_int_equal(WEXITSTATUS(status_of(&held[3])), 5);
}

/* This process becomes the parent of what the one between leaves behind. */
static void one_whose_holder_ends_ends_too(void **state) {
        int ends[2], status;
        pid_t between, pid;

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
        between = fork();
        if (between == 0) {
                struct dn_held held;

                _exit(dn_spawn_hold(&(struct dn_spawn){.argv = SHELL("exit 9")}, &held) < 0 ||
                      write(ends[1], &held.pid, sizeof(held.pid)) < 0);
        }
        assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
        assert_int_equal(waitpid(between, &status, 0), between);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(WEXITSTATUS(status), 127);
        prctl(PR_SET_CHILD_SUBREAPER, 0);
        close(ends[0]);
        close(ends[1]);
}

static void handled(int number) {
        (void)number;
        _exit(99);
}

static void a_signal_waits_until_it_is_let_go_and_runs_no_handler_of_ours(void **state) {
        struct sigaction action = {.sa_handler = handled}, before;
        struct dn_held held;
        int status;

        sigaction(SIGTERM, &action, &before);
        held = hold(&(struct dn_spawn){.argv = SHELL("exit 9")});
        assert_int_equal(kill(held.pid, SIGTERM), 0);
        usleep(10000);
        assert_int_equal(waitpid(held.pid, NULL, WNOHANG), 0);
        assert_int_equal(dn_spawn_release(&held), 0);
        status = status_of(&held);
        sigaction(SIGTERM, &before, NULL);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGTERM);
}

RUN_TESTS(LEAVES_NOTHING(one_that_is_held_has_read_and_written_nothing), LEAVES_NOTHING(one_that_is_held_has_not_begun),
          LEAVES_NOTHING(closing_one_that_is_held_ends_it), LEAVES_NOTHING(several_may_be_held_and_let_go_in_any_order),
          LEAVES_NOTHING(one_whose_holder_ends_ends_too),
          LEAVES_NOTHING(a_signal_waits_until_it_is_let_go_and_runs_no_handler_of_ours))
