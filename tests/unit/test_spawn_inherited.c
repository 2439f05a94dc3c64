/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which descriptors and signals the command is given, and which of the caller's it has. */
#include "spawned.h"

#include <signal.h>

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

/* Without an assertion, which would print to what stands in for the caller's own. The status is its own where 0 is
 * returned. */
static int run_silently(const struct dn_spawn *s, int *ret_status) {
        struct dn_held held;
        int r = dn_spawn_hold(s, &held);

        if (r == 0)
                r = dn_spawn_release(&held);
        if (r == 0) {
                waitpid(held.pid, ret_status, 0);
                dn_spawn_close(&held);
        }
        return r;
}

static void take_back(const int saved[static 3]) {
        for (int i = 0; i < 3; i++) {
                dup2(saved[i], i);
                close(saved[i]);
        }
}

/* In the place of the caller's three a file each, named 0, 1 and 2; `wiring` is what the command is given, `expected`
 * which of the files stand at its 0, 1 and 2. Nothing may be asserted in between: it would be printed to these. */
static void assert_wired(const int *wiring, int flags, const int expected[static 3]) {
        static const char script[] = "l=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2); echo \"$l\" >\"$1\"";
        char path[32], list[64], content[256] = "", wanted[256] = "", file[64];
        int directory = make_directory(path), saved[3], files[3], status = -1, r;
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
        r = run_silently(
                &(struct dn_spawn){.argv = ARGV((char *)"/bin/sh", (char *)"-c", (char *)script, (char *)"sh", list),
                                   .stdio = wiring},
                &status);
        take_back(saved);
        for (int i = 0; i < 3; i++)
                close(files[i]);
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

        snprintf(file, sizeof(file), "%s/made", path);
        fflush(NULL);
        for (int i = 0; i < 3; i++) {
                saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
                close(i);
        }
        r = run_silently(
                &(struct dn_spawn){.argv = ARGV((char *)"/bin/sh", (char *)"-c",
                                                (char *)"test ! -e /proc/$$/fd/0 && test ! -e /proc/$$/fd/1 && "
                                                        "test ! -e /proc/$$/fd/2 && mkdir \"$0\"",
                                                file)},
                &status);
        take_back(saved);
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

RUN_TESTS(LEAVES_NOTHING(each_standard_descriptor_goes_where_it_is_told),
          LEAVES_NOTHING(one_descriptor_may_be_given_twice), LEAVES_NOTHING(none_is_dev_null),
          LEAVES_NOTHING(a_descriptor_that_is_none_is_an_error), LEAVES_NOTHING(the_standard_three_may_change_places),
          LEAVES_NOTHING(one_that_is_given_as_itself_stays_open),
          LEAVES_NOTHING(standard_descriptors_that_are_closed_here_are_closed_there),
          LEAVES_NOTHING(no_descriptor_of_ours_is_inherited),
          LEAVES_NOTHING(what_is_blocked_and_ignored_is_the_callers), LEAVES_NOTHING(it_may_be_told_to_ignore_more),
          LEAVES_NOTHING(it_may_be_told_to_take_what_is_ignored_at_its_default))
