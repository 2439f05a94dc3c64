/* SPDX-License-Identifier: GPL-3.0-or-later
 * On directories of a file system that knows nothing of cgroups, and a /proc made by hand. */
#include "base/file.h"
#include "common.h"
#include "host/own_cgroup.h"

#include <ftw.h>
#include <sys/file.h>

static char root[32];
static int top, proc;

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        return remove(path);
}

static void put(const char *path, const char *content) {
        write_file(top, path, content);
}

static void make(const char *path) {
        assert_int_equal(mkdirat(top, path, 0755), 0);
}

static bool is_there(const char *path) {
        return faccessat(top, path, F_OK, 0) == 0;
}

static void stat_of(const char *pid, const char *ticks) {
        dn_autotext struct dn_text path = {0}, line = {0};

        dn_text_printf(&path, "proc/%s", pid);
        if (!is_there(dn_text_cstr(&path)))
                make(dn_text_cstr(&path));
        dn_text_put(&path, DN_STR("/stat"));
        dn_text_printf(&line, "1 (a) b (c) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 %s 4096 1 0\n", ticks);
        put(dn_text_cstr(&path), dn_text_cstr(&line));
}

/* The unified hierarchy at u, memory at m, this process in /job of both. */
static int set_up(void **state) {
        dn_autotext struct dn_text mounts = {0};

        top = make_directory(root);
        make("proc");
        make("u");
        make("u/job");
        make("m");
        make("m/job");
        put("u/job/cgroup.type", "domain\n");
        put("u/job/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
        put("u/job/cgroup.subtree_control", "");
        stat_of("self", "777");
        stat_of("12", "50");
        put("proc/self/cgroup", "7:memory:/job\n3:cpu,cpuacct:/\n0::/job\n");
        dn_text_printf(&mounts,
                       "20 1 0:5 / /proc rw - proc proc rw\n"
                       "41 31 0:38 / %s/u rw,relatime shared:3 - cgroup2 cgroup2 rw\n"
                       "42 31 0:39 / %s/m rw,relatime - cgroup cgroup rw,memory\n",
                       root, root);
        put("proc/self/mountinfo", dn_text_cstr(&mounts));
        proc = dn_file_directory(top, "proc");
        unsetenv("SLURM_JOB_ID");
        return 0;
}

static int tear_down(void **state) {
        close(proc);
        close(top);
        return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *proc_path(void) {
        static char path[64];

        snprintf(path, sizeof(path), "%s/proc", root);
        return path;
}

static void it_is_named_by_its_owner(void **state) {
        struct dn_cgroup c;
        char path[128];

        dn_cgroup_init(&c);
        assert_int_equal(dn_own_cgroup_make(&c, proc_path(), false), 0);
        assert_true(c.own);
        assert_int_equal(c.version, 2);
        snprintf(path, sizeof(path), "u/job/denet-%d-777", getpid());
        assert_true(is_there(path));
        assert_string_equal(c.name, path + strlen("u/job/"));
        snprintf(path, sizeof(path), "/job/denet-%d-777", getpid());
        assert_text_is(&c.path, path);
        dn_own_cgroup_remove(&c);
        snprintf(path, sizeof(path), "u/job/denet-%d-777", getpid());
        assert_false(is_there(path));
        assert_true(is_there("u/job"));
}

static void a_second_one_of_one_owner_has_another_name(void **state) {
        struct dn_cgroup a, b;
        char name[64];

        dn_cgroup_init(&a);
        dn_cgroup_init(&b);
        assert_int_equal(dn_own_cgroup_make(&a, proc_path(), false), 0);
        assert_int_equal(dn_own_cgroup_make(&b, proc_path(), false), 0);
        snprintf(name, sizeof(name), "denet-%d-777-2", getpid());
        assert_string_equal(b.name, name);
        dn_own_cgroup_remove(&a);
        dn_own_cgroup_remove(&b);
}

static void the_old_hierarchies_are_used_only_when_required(void **state) {
        struct dn_cgroup c;

        dn_cgroup_init(&c);
        assert_int_equal(dn_own_cgroup_make(&c, proc_path(), false), 0);
        assert_int_equal(c.at[DN_MEMORY], -1);
        dn_own_cgroup_remove(&c);
        assert_int_equal(dn_own_cgroup_make(&c, proc_path(), true), 0);
        assert_int_equal(c.version, 1);
        assert_true(c.at[DN_UNIFIED] >= 0);
        assert_true(c.at[DN_MEMORY] >= 0);
        assert_int_equal(c.at[DN_CPUACCT], -1); /* not mounted */
        assert_text_is(&c.controllers, "memory");
        dn_own_cgroup_remove(&c);
}

static bool is_written(const char *path) {
        char byte;

        return dn_file_read(top, path, &byte, 1) > 0;
}

/* Elsewhere they would be enabled for none but threads. */
static void controllers_are_enabled_in_a_root_alone_and_only_when_required(void **state) {
        struct dn_cgroup c;

        dn_cgroup_init(&c);
        assert_int_equal(dn_own_cgroup_make(&c, proc_path(), true), 0);
        dn_own_cgroup_remove(&c);
        assert_false(is_written("u/job/cgroup.subtree_control"));
        assert_int_equal(unlinkat(top, "u/job/cgroup.type", 0), 0);
        assert_int_equal(dn_own_cgroup_make(&c, proc_path(), false), 0);
        dn_own_cgroup_remove(&c);
        assert_false(is_written("u/job/cgroup.subtree_control"));
        assert_int_equal(dn_own_cgroup_make(&c, proc_path(), true), 0);
        dn_own_cgroup_remove(&c);
        assert_true(is_written("u/job/cgroup.subtree_control"));
}

static void only_what_a_dead_owner_left_is_swept(void **state) {
        static const char *const stay[] = {
                "u/job/denet-12-50",    "u/job/denet-12-50-2", "u/job/denet-13",       "u/job/denet-13-",
                "u/job/denet-13-5-x",   "u/job/denet-x-5",     "u/job/denet-13-5-2-3", "u/job/mine",
                "u/job/denetto-13-500", "u/job/denet--13-500", "u/job/denet-0-500",
        };
        static const char *const go[] = {"u/job/denet-12-51", "u/job/denet-13-500", "u/job/denet-13-500-2"};

        dn_autoclose int job = dn_file_directory(top, "u/job");

        for (size_t i = 0; i < DN_COUNT(stay); i++)
                make(stay[i]);
        for (size_t i = 0; i < DN_COUNT(go); i++)
                make(go[i]);
        dn_own_cgroup_sweep(proc, job);
        for (size_t i = 0; i < DN_COUNT(stay); i++)
                assert_true(is_there(stay[i]));
        for (size_t i = 0; i < DN_COUNT(go); i++)
                assert_false(is_there(go[i]));
}

static void one_that_is_not_empty_stays(void **state) {
        dn_autoclose int job = dn_file_directory(top, "u/job");

        make("u/job/denet-13-500");
        put("u/job/denet-13-500/somebody", "");
        make("u/job/denet-13-501");
        make("u/job/denet-13-501/theirs");
        dn_own_cgroup_sweep(proc, job);
        assert_true(is_there("u/job/denet-13-500"));
        assert_true(is_there("u/job/denet-13-501/theirs"));
}

static void what_was_left_within_one_goes_with_it(void **state) {
        dn_autoclose int job = dn_file_directory(top, "u/job");

        make("u/job/denet-13-500");
        make("u/job/denet-13-500/denet-14-1");
        dn_own_cgroup_sweep(proc, job);
        assert_false(is_there("u/job/denet-13-500"));
}

/* An owner in another PID namespace cannot be looked up; its lock can. */
static void one_that_is_locked_has_a_living_owner(void **state) {
        dn_autoclose int job = dn_file_directory(top, "u/job");
        int held;

        make("u/job/denet-13-500");
        held = dn_file_directory(top, "u/job/denet-13-500");
        assert_int_equal(flock(held, LOCK_EX), 0);
        dn_own_cgroup_sweep(proc, job);
        assert_true(is_there("u/job/denet-13-500"));
        close(held);
        dn_own_cgroup_sweep(proc, job);
        assert_false(is_there("u/job/denet-13-500"));
}

static void what_this_process_let_go_of_is_swept_and_what_it_uses_is_not(void **state) {
        struct dn_cgroup used, forgotten;
        char path[128];

        dn_cgroup_init(&used);
        dn_cgroup_init(&forgotten);
        assert_int_equal(dn_own_cgroup_make(&used, proc_path(), false), 0);
        assert_int_equal(dn_own_cgroup_make(&forgotten, proc_path(), false), 0);
        snprintf(path, sizeof(path), "u/job/%s", forgotten.name);
        dn_cgroup_close(&forgotten); /* as where the command still ran */
        assert_true(is_there(path));
        dn_own_cgroup_tidy(&used);
        assert_false(is_there(path));
        snprintf(path, sizeof(path), "u/job/%s", used.name);
        assert_true(is_there(path));
        dn_own_cgroup_remove(&used);
}

static void a_batch_systems_or_a_containers_is_only_read(void **state) {
        static const char *const paths[] = {"slurmstepd.scope", "docker", "kubepods.slice"};
        struct dn_cgroup c;

        dn_cgroup_init(&c);
        setenv("SLURM_JOB_ID", "7", 1);
        assert_int_equal(dn_own_cgroup_make(&c, proc_path(), true), -EBUSY);
        assert_text_is(&c.why, "the cgroup that denet is in is Slurm's, and not denet's to change");
        unsetenv("SLURM_JOB_ID");
        dn_cgroup_close(&c);
        for (size_t i = 0; i < DN_COUNT(paths); i++) {
                dn_autotext struct dn_text line = {0}, directory = {0};

                dn_text_printf(&directory, "u/%s", paths[i]);
                make(dn_text_cstr(&directory));
                dn_text_printf(&line, "0::/%s\n", paths[i]);
                put("proc/self/cgroup", dn_text_cstr(&line));
                assert_int_equal(dn_own_cgroup_make(&c, proc_path(), false), -EBUSY);
                dn_cgroup_close(&c);
        }
        put("proc/self/cgroup", "0::/job\n");
        assert_int_equal(dn_cgroup_find(&c, proc_path(), "self"), 0);
        assert_false(c.own);
        assert_int_equal(c.version, 2);
        assert_text_is(&c.controllers, "cpu io memory pids");
        assert_text_is(&c.path, "/job");
        dn_cgroup_close(&c);
}

static void the_root_counts_all_the_machine_and_is_not_read(void **state) {
        struct dn_cgroup c;

        dn_cgroup_init(&c);
        put("proc/self/cgroup", "0::/\n");
        assert_int_equal(dn_cgroup_find(&c, proc_path(), "self"), -ENOENT);
        assert_int_equal(c.version, 0);
        assert_true(c.why.n > 0);
        dn_cgroup_close(&c);
}

static void what_lies_outside_of_the_mounted_part_is_not_found(void **state) {
        dn_autotext struct dn_text mounts = {0};
        struct dn_cgroup c;

        dn_cgroup_init(&c);
        dn_text_printf(&mounts, "41 31 0:38 /job %s/u rw - cgroup2 cgroup2 rw\n", root);
        put("proc/self/mountinfo", dn_text_cstr(&mounts));
        put("proc/self/cgroup", "0::/job/job\n");
        assert_int_equal(dn_cgroup_find(&c, proc_path(), "self"), 0); /* /job/job is u/job */
        assert_text_is(&c.path, "/job/job");
        dn_cgroup_close(&c);
        put("proc/self/cgroup", "0::/jobs\n");
        assert_int_equal(dn_cgroup_find(&c, proc_path(), "self"), -ENOENT);
        dn_cgroup_close(&c);
        put("proc/self/cgroup", "0::/../job\n");
        assert_int_equal(dn_cgroup_find(&c, proc_path(), "self"), -ENOENT);
        dn_cgroup_close(&c);
}

static int count(void *user, int64_t pid) {
        *(int64_t *)user += pid;
        return 0;
}

static void those_in_it_and_below_it_are_listed(void **state) {
        struct dn_cgroup c;
        int64_t sum = 0;

        dn_cgroup_init(&c);
        put("u/job/cgroup.procs", "3\n4\n0\n");
        make("u/job/below");
        put("u/job/below/cgroup.procs", "50\n");
        make("u/job/below/deeper");
        put("u/job/below/deeper/cgroup.procs", "600\n");
        assert_int_equal(dn_cgroup_find(&c, proc_path(), "self"), 0);
        assert_int_equal(dn_cgroup_each(&c, count, &sum), 0);
        assert_int_equal(sum, 657);
        dn_cgroup_close(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
RUN_TESTS(TEST(it_is_named_by_its_owner), TEST(a_second_one_of_one_owner_has_another_name),
          TEST(the_old_hierarchies_are_used_only_when_required),
          TEST(controllers_are_enabled_in_a_root_alone_and_only_when_required),
          TEST(only_what_a_dead_owner_left_is_swept), TEST(one_that_is_not_empty_stays),
          TEST(what_was_left_within_one_goes_with_it), TEST(one_that_is_locked_has_a_living_owner),
          TEST(what_this_process_let_go_of_is_swept_and_what_it_uses_is_not),
          TEST(a_batch_systems_or_a_containers_is_only_read), TEST(the_root_counts_all_the_machine_and_is_not_read),
          TEST(what_lies_outside_of_the_mounted_part_is_not_found), TEST(those_in_it_and_below_it_are_listed))
