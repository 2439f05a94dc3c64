/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is run: the arguments, where a name is searched, the environment, what is said of what cannot be run. */
#include "spawned.h"

#include <sys/resource.h>

static void put_script(int directory, const char *name, const char *content, mode_t mode) {
        write_file(directory, name, content);
        assert_int_equal(fchmodat(directory, name, mode, 0), 0);
}

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

RUN_TESTS(LEAVES_NOTHING(its_exit_code_is_the_commands), LEAVES_NOTHING(arguments_arrive_as_they_are),
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
          LEAVES_NOTHING(a_name_is_found_where_the_command_will_be))
