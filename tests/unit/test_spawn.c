/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"
#include "descriptors.h"
#include "host/spawn.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static struct dn_held hold(const struct dn_spawn *s) {
        struct dn_held held;

        assert_int_equal(dn_spawn_hold(s, &held), 0);
        assert_true(held.pid > 0);
        assert_true(held.pidfd >= 0);
        return held;
}

static int status_of(struct dn_held *held) {
        int status;

        assert_int_equal(waitpid(held->pid, &status, 0), held->pid);
        dn_spawn_close(held);
        return status;
}

static int run(const struct dn_spawn *s) {
        struct dn_held held = hold(s);

        assert_int_equal(dn_spawn_release(&held), 0);
        return status_of(&held);
}

static int refused(const struct dn_spawn *s) {
        struct dn_held held = hold(s);
        int r = dn_spawn_release(&held);

        assert_int_equal(waitpid(held.pid, NULL, WNOHANG), -1); /* it was waited for */
        dn_spawn_close(&held);
        return r;
}

/* Runs it with its output taken up. */
static void assert_prints(struct dn_spawn s, const char *expected) {
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

static void put_script(int directory, const char *name, const char *content, mode_t mode) {
        write_file(directory, name, content);
        assert_int_equal(fchmodat(directory, name, mode, 0), 0);
}

/* A file of the process, whole; empty where there is none. */
static void read_proc(pid_t pid, const char *file, char buffer[static 4096]) {
        dn_autoclose int fd = -1;
        char path[64];
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? 0 : read(fd, buffer, 4095);
        buffer[n > 0 ? n : 0] = '\0';
}

/* ------------------------------------------------------------------------------------------------------- held */

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

/* ------------------------------------------------------------------------------------------------ what is run */

static void its_exit_code_is_the_commands(void **state) {
        assert_int_equal(WEXITSTATUS(run(&(struct dn_spawn){.argv = SHELL("exit 7")})), 7);
        assert_int_equal(run(&(struct dn_spawn){.argv = ARGV((char *)"true")}), 0);
}

static void arguments_arrive_as_they_are(void **state) {
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"printf", (char *)"%s|", (char *)"two words", (char *)"",
                                                     (char *)"new\nline", (char *)"\xff'\"$HOME")},
                      "two words||new\nline|\xff'\"$HOME|");
}

static void what_is_missing_is_enoent(void **state) {
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"/nowhere/at/all")}), -ENOENT);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"denet-no-such-program")}), -ENOENT);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"")}), -ENOENT);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"true"), .cwd = "/nowhere"}), -ENOENT);
}

/* A shell and env(1) tell these apart too: 126 of the first, 127 of the second. */
static void a_path_through_a_file_is_enotdir_and_a_file_in_path_is_passed_over(void **state) {
        char *const env[] = {(char *)"PATH=/etc/passwd", NULL};

        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"/etc/passwd/x")}), -ENOTDIR);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"true"), .env = env}), -ENOENT);
}

static void what_may_not_be_run_is_eacces(void **state) {
        char path[32], file[64];
        int directory = make_directory(path);
        char *const env[] = {file, NULL};

        put_script(directory, "plain", "#!/bin/sh\n", 0644);
        snprintf(file, sizeof(file), "%s/plain", path);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV(file)}), -EACCES);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"/tmp")}), -EACCES);
        snprintf(file, sizeof(file), "PATH=%s:/nowhere", path);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"plain"), .env = env}), -EACCES);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"true"), .cwd = "/etc/passwd"}), -ENOTDIR);
        remove_directory(directory, path);
}

static void a_script_that_names_no_interpreter_is_the_shells(void **state) {
        char path[32], file[64], expected[128];
        int directory = make_directory(path);

        put_script(directory, "script", "echo \"$0|$1|$2|$#\"\n", 0755);
        snprintf(file, sizeof(file), "%s/script", path);
        snprintf(expected, sizeof(expected), "%s|a b|c|2\n", file);
        assert_prints((struct dn_spawn){.argv = ARGV(file, (char *)"a b", (char *)"c")}, expected);
        remove_directory(directory, path);
}

/* A shell would read a program of another machine as text. */
static void a_file_that_is_neither_program_nor_text_is_enoexec(void **state) {
        char path[32], file[64];
        int directory = make_directory(path), fd = openat(directory, "binary", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

        assert_int_equal(write(fd,
                               "\x7f"
                               "ELF\0\0\0",
                               7),
                         7);
        close(fd);
        snprintf(file, sizeof(file), "%s/binary", path);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV(file)}), -ENOEXEC);
        remove_directory(directory, path);
}

static void a_script_whose_interpreter_is_missing_is_enoent(void **state) {
        char path[32], file[64];
        int directory = make_directory(path);

        put_script(directory, "script", "#!/nowhere/at/all\n", 0755);
        snprintf(file, sizeof(file), "%s/script", path);
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV(file)}), -ENOENT);
        remove_directory(directory, path);
}

/* What stands in an earlier directory and may not be run hides nothing in a later one. */
static void path_is_that_of_the_commands_environment(void **state) {
        char path[32], variable[128];
        int directory = make_directory(path), first, second;
        char *const env[] = {variable, (char *)"GREETING=hello", NULL};

        assert_int_equal(mkdirat(directory, "first", 0755) | mkdirat(directory, "second", 0755), 0);
        first = openat(directory, "first", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        second = openat(directory, "second", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        put_script(first, "greet", "not to be run\n", 0644);
        put_script(second, "greet", "#!/bin/sh\necho $GREETING\n", 0755);
        snprintf(variable, sizeof(variable), "PATH=%s/none:%s/first:%s/second", path, path, path);
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"greet"), .env = env}, "hello\n");
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"greet")}), -ENOENT);
        unlinkat(first, "greet", 0);
        unlinkat(second, "greet", 0);
        unlinkat(directory, "first", AT_REMOVEDIR);
        unlinkat(directory, "second", AT_REMOVEDIR);
        close(first);
        close(second);
        remove_directory(directory, path);
}

static void an_empty_element_of_path_is_the_working_directory(void **state) {
        char path[32];
        int directory = make_directory(path);

        put_script(directory, "here", "#!/bin/sh\necho here\n", 0755);
        assert_prints(
                (struct dn_spawn){.argv = ARGV((char *)"here"), .env = ARGV((char *)"PATH=/nowhere:"), .cwd = path},
                "here\n");
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"here"), .env = ARGV((char *)"PATH="), .cwd = path},
                      "here\n");
        remove_directory(directory, path);
}

static void without_path_the_standard_one_is_searched(void **state) {
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"env"), .env = ARGV((char *)"A=1")}, "A=1\n");
}

static void the_environment_is_the_callers_or_what_is_given(void **state) {
        setenv("DENET_TEST", "of the caller", 1);
        assert_prints((struct dn_spawn){.argv = SHELL("echo $DENET_TEST")}, "of the caller\n");
        assert_prints((struct dn_spawn){.argv = SHELL("echo $DENET_TEST"), .env = ARGV((char *)"B=2")}, "\n");
        unsetenv("DENET_TEST");
}

static void the_working_directory_is_the_callers_or_what_is_given(void **state) {
        char cwd[4096], expected[4097];

        assert_non_null(getcwd(cwd, sizeof(cwd)));
        snprintf(expected, sizeof(expected), "%s\n", cwd);
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"/bin/pwd")}, expected);
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"/bin/pwd"), .cwd = "/"}, "/\n");
}

static void the_limit_of_descriptors_is_as_asked(void **state) {
        struct rlimit limit;
        char expected[64];

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        snprintf(expected, sizeof(expected), "%llu\n", (unsigned long long)limit.rlim_cur);
        assert_prints((struct dn_spawn){.argv = SHELL("ulimit -Sn")}, expected);
        assert_prints((struct dn_spawn){.argv = SHELL("ulimit -Sn"), .nofile = 77}, "77\n");
        snprintf(expected, sizeof(expected), "%llu\n", (unsigned long long)limit.rlim_max);
        assert_prints((struct dn_spawn){.argv = SHELL("ulimit -Hn"), .nofile = 77}, expected);
}

/* ------------------------------------------------------------------------------------------------ descriptors */

static void put_number(char *path, size_t room, const char *directory, int number) {
        snprintf(path, room, "%s/%d", directory, number);
}

static void each_standard_descriptor_goes_where_it_is_told(void **state) {
        char path[32], content[64] = "";
        int directory = make_directory(path);
        int in, out, error;

        write_file(directory, "in", "from in\n");
        in = openat(directory, "in", O_RDONLY | O_CLOEXEC);
        out = openat(directory, "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        error = openat(directory, "error", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(
                run(&(struct dn_spawn){.argv = SHELL("cat; echo wrong >&2"), .stdio = (int[]){in, out, error}}), 0);
        assert_int_equal(pread(out, content, sizeof(content), 0), 8);
        assert_string_equal(content, "from in\n");
        assert_int_equal(pread(error, content, sizeof(content), 0), 6);
        assert_memory_equal(content, "wrong\n", 6);
        close(in);
        close(out);
        close(error);
        remove_directory(directory, path);
}

static void one_descriptor_may_be_given_twice(void **state) {
        char path[32], content[64] = "";
        int directory = make_directory(path);
        int out = openat(directory, "out", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        assert_int_equal(run(&(struct dn_spawn){.argv = SHELL("echo a; echo b >&2"), .stdio = (int[]){-1, out, out}}),
                         0);
        assert_int_equal(pread(out, content, sizeof(content), 0), 4);
        assert_string_equal(content, "a\nb\n");
        close(out);
        remove_directory(directory, path);
}

static void none_is_dev_null(void **state) {
        char path[32], content[64] = "";
        int directory = make_directory(path);
        int out = openat(directory, "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert_int_equal(run(&(struct dn_spawn){.argv = SHELL("cat; readlink /proc/$$/fd/0 /proc/$$/fd/2"),
                                                .stdio = (int[]){-1, out, -1}}),
                         0);
        assert_int_equal(pread(out, content, sizeof(content), 0), 20);
        assert_string_equal(content, "/dev/null\n/dev/null\n");
        assert_int_equal(run(&(struct dn_spawn){.argv = ARGV((char *)"true"), .stdio = (int[]){-1, -1, -1}}), 0);
        close(out);
        remove_directory(directory, path);
}

static void a_descriptor_that_is_none_is_an_error(void **state) {
        assert_int_equal(refused(&(struct dn_spawn){.argv = ARGV((char *)"true"), .stdio = (int[]){0, 999, 2}}),
                         -EBADF);
}

/* In the place of the caller's three a file each, named 0, 1 and 2; `wiring` is what the command is given, `expected`
 * which of the files stand at its 0, 1 and 2. Nothing may be asserted in between: it would be printed to these. */
static void assert_wired(const int *wiring, int flags, const int expected[static 3]) {
        static const char script[] = "l=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2); echo \"$l\" >\"$1\"";
        char path[32], list[64], content[256] = "", wanted[256] = "", file[64];
        int directory = make_directory(path), saved[3], files[3], status = -1, r;
        struct dn_held held = {.pid = -1};
        dn_autoclose int out = -1;

        snprintf(list, sizeof(list), "%s/list", path);
        fflush(NULL);
        for (int i = 0; i < 3; i++) {
                put_number(file, sizeof(file), path, i);
                files[i] = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
                saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
        }
        for (int i = 0; i < 3; i++)
                dup3(files[i], i, flags);
        r = dn_spawn_hold(
                &(struct dn_spawn){.argv = ARGV((char *)"/bin/sh", (char *)"-c", (char *)script, (char *)"sh", list),
                                   .stdio = wiring},
                &held);
        if (r == 0)
                r = dn_spawn_release(&held);
        if (r == 0) {
                waitpid(held.pid, &status, 0);
                dn_spawn_close(&held);
        }
        for (int i = 0; i < 3; i++) {
                dup2(saved[i], i);
                close(saved[i]);
                close(files[i]);
        }
        assert_int_equal(r, 0);
        assert_int_equal(status, 0);
        for (int i = 0; i < 3; i++)
                if (expected[i] >= 0)
                        snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s/%d\n", path,
                                 expected[i]);
                else
                        snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "/dev/null\n");
        out = openat(directory, "list", O_RDONLY | O_CLOEXEC);
        assert_true(out >= 0 && read(out, content, sizeof(content) - 1) > 0);
        assert_string_equal(content, wanted);
        remove_directory(directory, path);
}

static void the_standard_three_may_change_places(void **state) {
        static const int same[3] = {0, 1, 2};
        static const int wirings[][3] = {{0, 1, 2}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1},  {2, 1, 0},  {0, 2, 1},
                                         {0, 0, 0}, {1, 1, 1}, {0, 1, 1}, {-1, 0, 1}, {1, -1, 0}, {2, 2, -1}};

        assert_wired(NULL, 0, same);
        for (size_t i = 0; i < DN_COUNT(wirings); i++)
                assert_wired(wirings[i], 0, wirings[i]);
}

/* A standard descriptor that is given as itself is meant to be inherited, whatever its flag says. */
static void one_that_is_given_as_itself_stays_open(void **state) {
        static const int same[3] = {0, 1, 2};

        assert_wired(same, O_CLOEXEC, same);
}

/* The pipes that hold it must not take their places. */
static void standard_descriptors_that_are_closed_here_are_closed_there(void **state) {
        char path[32], file[64];
        int directory = make_directory(path), saved[3], status = -1, r;
        struct dn_held held = {.pid = -1};

        snprintf(file, sizeof(file), "%s/made", path);
        fflush(NULL);
        for (int i = 0; i < 3; i++) {
                saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
                close(i);
        }
        r = dn_spawn_hold(
                &(struct dn_spawn){.argv = ARGV((char *)"/bin/sh", (char *)"-c",
                                                (char *)"test ! -e /proc/$$/fd/0 && test ! -e /proc/$$/fd/1 && "
                                                        "test ! -e /proc/$$/fd/2 && mkdir \"$0\"",
                                                file)},
                &held);
        if (r == 0)
                r = dn_spawn_release(&held);
        if (r == 0) {
                waitpid(held.pid, &status, 0);
                dn_spawn_close(&held);
        }
        for (int i = 0; i < 3; i++) {
                dup2(saved[i], i);
                close(saved[i]);
        }
        assert_int_equal(r, 0);
        assert_int_equal(status, 0);
        assert_int_equal(unlinkat(directory, "made", AT_REMOVEDIR), 0);
        remove_directory(directory, path);
}

/* What this process was itself given open goes on to the command; what denet opens does not. The list has its own
 * directory, at the first number that is free. */
static void no_descriptor_of_ours_is_inherited(void **state) {
        dn_autotext struct dn_text expected = {0};
        bool listed = false;

        for (int fd = 0; fd < 1024; fd++) {
                int flags = fcntl(fd, F_GETFD);
                bool inherited = fd < 3 || (flags >= 0 && !(flags & FD_CLOEXEC));

                if (inherited || !listed)
                        dn_text_printf(&expected, "%d\n", fd);
                listed |= !inherited;
        }
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"ls", (char *)"-1U", (char *)"/proc/self/fd")},
                      dn_text_cstr(&expected));
}

/* ---------------------------------------------------------------------------------------------------- signals */

static void line_of(const char *status, const char *key, char line[static 64]) {
        const char *at = strstr(status, key);

        snprintf(line, 64, "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
}

static void do_nothing(int number) {
        (void)number;
}

static void what_is_blocked_and_ignored_is_the_callers(void **state) {
        struct sigaction ignore = {.sa_handler = SIG_IGN}, handle = {.sa_handler = do_nothing}, old_ignore, old_handle;
        char status[4096], blocked[64], ignored[64], expected[160], after[4096], blocked_after[64];
        sigset_t block, before;

        sigemptyset(&block);
        sigaddset(&block, SIGUSR1);
        sigaddset(&block, SIGRTMAX);
        sigprocmask(SIG_BLOCK, &block, &before);
        sigaction(SIGUSR2, &ignore, &old_ignore);
        sigaction(SIGHUP, &handle, &old_handle);
        read_proc(getpid(), "status", status);
        line_of(status, "SigBlk", blocked);
        line_of(status, "SigIgn", ignored);
        snprintf(expected, sizeof(expected), "%s\n%s\n", blocked, ignored);
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"grep", (char *)"^Sig[BI]", (char *)"/proc/self/status")},
                      expected);
        read_proc(getpid(), "status", after);
        line_of(after, "SigBlk", blocked_after);
        assert_string_equal(blocked, blocked_after); /* and ours is as it was */
        sigaction(SIGUSR2, &old_ignore, NULL);
        sigaction(SIGHUP, &old_handle, NULL);
        sigprocmask(SIG_SETMASK, &before, NULL);
}

static void it_may_be_told_to_ignore_more(void **state) {
        char status[4096], ignored[64], expected[64];

        read_proc(getpid(), "status", status);
        line_of(status, "SigIgn", ignored);
        snprintf(expected, sizeof(expected), "SigIgn:\t%016llx\n", strtoull(ignored + 8, NULL, 16) | 0x6);
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"grep", (char *)"^SigI", (char *)"/proc/self/status"),
                                        .ignored = 1 << (SIGINT - 1) | 1 << (SIGQUIT - 1)},
                      expected);
}

static void it_may_be_told_to_take_what_is_ignored_at_its_default(void **state) {
        char status[4096], ignored[64], expected[64];

        signal(SIGUSR2, SIG_IGN);
        read_proc(getpid(), "status", status);
        line_of(status, "SigIgn", ignored);
        snprintf(expected, sizeof(expected), "SigIgn:\t%016llx\n",
                 strtoull(ignored + 8, NULL, 16) & ~(1ULL << (SIGUSR2 - 1)));
        assert_prints((struct dn_spawn){.argv = ARGV((char *)"grep", (char *)"^SigI", (char *)"/proc/self/status"),
                                        .defaulted = 1 << (SIGUSR2 - 1)},
                      expected);
        signal(SIGUSR2, SIG_DFL);
}

/* ----------------------------------------------------------------------------------------------------- search */

static void assert_found(const char *name, char *const *env, const char *expected) {
        dn_autotext struct dn_text path = {0};

        assert_int_equal(dn_spawn_find(name, env, &path), expected != NULL);
        assert_text_is(&path, expected ? expected : "");
}

static void a_name_is_found_where_the_command_will_be(void **state) {
        assert_found("sh", ARGV((char *)"PATH=/nowhere:/bin:/usr/bin"), "/bin/sh");
        assert_found("sh", ARGV((char *)"A=B"), "/bin/sh");
        assert_found("/bin/sh", NULL, "/bin/sh");
        assert_found("/bin/../bin/sh", ARGV((char *)"PATH="), "/bin/../bin/sh");
        assert_found("", NULL, NULL);
        assert_found("denet-no-such-program", NULL, NULL);
        assert_found("/nowhere/at/all", NULL, NULL);
        assert_found("passwd", ARGV((char *)"PATH=/etc"), NULL);
        assert_found("sh", ARGV((char *)"PATH="), NULL);
}

RUN_TESTS(LEAVES_NOTHING(one_that_is_held_has_read_and_written_nothing), LEAVES_NOTHING(one_that_is_held_has_not_begun),
          LEAVES_NOTHING(closing_one_that_is_held_ends_it), LEAVES_NOTHING(several_may_be_held_and_let_go_in_any_order),
          LEAVES_NOTHING(one_whose_holder_ends_ends_too),
          LEAVES_NOTHING(a_signal_waits_until_it_is_let_go_and_runs_no_handler_of_ours),
          LEAVES_NOTHING(its_exit_code_is_the_commands), LEAVES_NOTHING(arguments_arrive_as_they_are),
          LEAVES_NOTHING(what_is_missing_is_enoent),
          LEAVES_NOTHING(a_path_through_a_file_is_enotdir_and_a_file_in_path_is_passed_over),
          LEAVES_NOTHING(what_may_not_be_run_is_eacces),
          LEAVES_NOTHING(a_script_that_names_no_interpreter_is_the_shells),
          LEAVES_NOTHING(a_file_that_is_neither_program_nor_text_is_enoexec),
          LEAVES_NOTHING(a_script_whose_interpreter_is_missing_is_enoent),
          LEAVES_NOTHING(path_is_that_of_the_commands_environment),
          LEAVES_NOTHING(an_empty_element_of_path_is_the_working_directory),
          LEAVES_NOTHING(without_path_the_standard_one_is_searched),
          LEAVES_NOTHING(the_environment_is_the_callers_or_what_is_given),
          LEAVES_NOTHING(the_working_directory_is_the_callers_or_what_is_given),
          LEAVES_NOTHING(the_limit_of_descriptors_is_as_asked),
          LEAVES_NOTHING(each_standard_descriptor_goes_where_it_is_told),
          LEAVES_NOTHING(one_descriptor_may_be_given_twice), LEAVES_NOTHING(none_is_dev_null),
          LEAVES_NOTHING(a_descriptor_that_is_none_is_an_error), LEAVES_NOTHING(the_standard_three_may_change_places),
          LEAVES_NOTHING(one_that_is_given_as_itself_stays_open),
          LEAVES_NOTHING(standard_descriptors_that_are_closed_here_are_closed_there),
          LEAVES_NOTHING(no_descriptor_of_ours_is_inherited),
          LEAVES_NOTHING(what_is_blocked_and_ignored_is_the_callers), LEAVES_NOTHING(it_may_be_told_to_ignore_more),
          LEAVES_NOTHING(it_may_be_told_to_take_what_is_ignored_at_its_default),
          LEAVES_NOTHING(a_name_is_found_where_the_command_will_be))
