/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the unit tests share. A test's name is the sentence that it proves. */
#pragma once
#include "base/guard.h"
#include "base/str.h"
#include "base/text.h"
#include "model/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

/* Every test is given a state; few want one. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define RUN_TESTS(...) \
        int main(void) { \
                const struct CMUnitTest tests[] = {__VA_ARGS__}; \
                return cmocka_run_group_tests(tests, NULL, NULL); \
        }

static inline void assert_str_is(struct dn_str s, const char *expected) {
        dn_autotext struct dn_text text = {0};

        dn_text_put(&text, s);
        assert_string_equal(dn_text_cstr(&text), expected);
}

static inline void assert_text_is(const struct dn_text *text, const char *expected) {
        assert_false(text->failed);
        assert_str_is(dn_text_str(text), expected);
}

/* The same numbers in every run: splitmix64. */
static inline uint64_t random_next(uint64_t *state) {
        uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
        return z ^ z >> 31;
}

static inline uint32_t random_below(uint64_t *state, uint32_t n) {
        return (uint32_t)(random_next(state) % n);
}

/* A directory that goes away with remove_directory, with all that is in it. */
static inline int make_directory(char path[static 32]) {
        memcpy(path, "/tmp/denet-test-XXXXXX", sizeof("/tmp/denet-test-XXXXXX"));
        assert_non_null(mkdtemp(path));
        return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline void write_file(int directory, const char *name, const char *content) {
        dn_autoclose int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, content, strlen(content)), strlen(content));
}

/* The directories on its way are made. */
static inline void write_file_below(int directory, const char *path, const char *content) {
        char way[512];

        assert_true(snprintf(way, sizeof(way), "%s", path) < (int)sizeof(way));
        for (char *slash = way; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                assert_true(mkdirat(directory, way, 0755) == 0 || errno == EEXIST);
                *slash = '/';
        }
        write_file(directory, path, content);
}

static inline void remove_directory(int fd, const char *path) {
        DIR *dir = fdopendir(fd);
        const struct dirent *entry;

        assert_non_null(dir);
        while ((entry = readdir(dir)))
                unlinkat(fd, entry->d_name, 0);
        closedir(dir);
        rmdir(path);
}

/* A process in a snapshot whose member lives elsewhere. */
static inline struct dn_row *admit(struct dn_snapshot *s, struct dn_members *members, struct dn_key key,
                                   struct dn_key parent) {
        struct dn_member *member;
        struct dn_row *row;

        assert_int_equal(dn_members_add(members, key, &member), 0);
        assert_int_equal(dn_snapshot_admit(s, member, parent, &row), 0);
        return row;
}
