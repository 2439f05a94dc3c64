/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/spawn_path.h"
#include "base/guard.h"
#include "host/spawn.h"

static const char *path_of(char *const *env) {
        static const char standard[] = "/bin:/usr/bin";

        for (char *const *e = env ? env : environ; e && *e; e++)
                if (strncmp(*e, "PATH=", 5) == 0)
                        return *e + 5;
        return standard;
}

/* Calls `take` for each file that the name may mean, until it says true. */
static bool each_path(const char *name, char *const *env, bool (*take)(void *user, char *path), void *user) {
        struct dn_str rest = dn_str_of(path_of(env)), directory;
        bool more = true;

        if (strchr(name, '/'))
                return take(user, strdup(name));
        while (more) {
                dn_autotext struct dn_text path = {0};
                const char *colon = rest.n ? memchr(rest.p, ':', rest.n) : NULL;

                directory = (struct dn_str){rest.p, colon ? (size_t)(colon - rest.p) : rest.n};
                more = colon != NULL;
                rest = colon ? (struct dn_str){colon + 1, rest.n - directory.n - 1} : rest;
                dn_text_put(&path, directory.n ? directory : DN_STR("."));
                dn_text_put_char(&path, '/');
                dn_text_put(&path, dn_str_of(name));
                if (take(user, dn_text_take(&path)))
                        return true;
        }
        return false;
}

struct path_list {
        char **paths;
        size_t n;
        bool failed;
};

static bool collect(void *user, char *path) {
        struct path_list *list = user;
        char **more = path ? realloc((void *)list->paths, (list->n + 2) * sizeof(char *)) : NULL;

        if (!more) {
                free(path);
                list->failed = true;
                return true;
        }
        more[list->n++] = path;
        more[list->n] = NULL;
        list->paths = more;
        return false;
}

static bool take_executable(void *user, char *path) {
        bool found = path && access(path, X_OK) == 0;

        if (found)
                dn_text_put(user, dn_str_of(path));
        free(path);
        return found;
}

bool dn_spawn_find(const char *name, char *const *env, struct dn_text *path) {
        return *name && each_path(name, env, take_executable, path);
}

int dn_spawn_paths(const char *name, char *const *env, char ***ret_paths) {
        struct path_list list = {0};

        if (*name)
                each_path(name, env, collect, &list);
        else
                list.paths = (char **)calloc(1, sizeof(char *));
        if (list.failed || !list.paths) {
                dn_spawn_paths_free(list.paths);
                return -ENOMEM;
        }
        *ret_paths = list.paths;
        return 0;
}

void dn_spawn_paths_free(char **paths) {
        for (char **p = paths; p && *p; p++)
                free(*p);
        free((void *)paths);
}
