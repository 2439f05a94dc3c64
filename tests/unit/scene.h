/* SPDX-License-Identifier: GPL-3.0-or-later
 * The recorded kernels (tests/fixtures/proc): the same scene on each, its processes found by name through scene.txt.
 * Below DENET_FIXTURES, or tests/fixtures of the directory that the test runs in. */
#pragma once
#include "base/text.h"

enum { SCENE_KERNELS = 5, SCENE_MAX = 40, SCENE_PATH = 4096 };
extern const char *const scene_kernels[SCENE_KERNELS];

struct scene_process {
        char name[32], parent[32]; /* parent "-": none */
        int64_t pid;
};

struct scene {
        const char *kernel;
        char proc[SCENE_PATH]; /* the root to use in place of /proc */
        struct scene_process processes[SCENE_MAX];
        size_t n;
};

void scene_load(struct scene *scene, const char *kernel); /* a test that cannot fails */
const struct scene_process *scene_find(const struct scene *scene, const char *name);
const struct scene_process *scene_with_pid(const struct scene *scene, int64_t pid); /* NULL: none of the scene */
bool scene_is_below(const struct scene *scene, const struct scene_process *p, const char *root); /* or is it */

/* A file of the process of this name, whole; appended. False: there is none. */
bool scene_read(const struct scene *scene, const char *name, const char *file, struct dn_text *text);

/* The same bytes with nothing behind them that may be read; the caller frees it. */
struct dn_str scene_exact(struct dn_str s);

/* In its place a copy that a test may change, in a new directory; scene_remove takes it away. */
void scene_copy(struct scene *scene);
void scene_remove(const struct scene *scene);
void scene_write(const struct scene *scene, int64_t pid, const char *file,
                 struct dn_str content);                                     /* in place; pid 0: of no process */
void scene_delete(const struct scene *scene, int64_t pid, const char *file); /* NULL: the process */

/* Calls `check` with this file of every process of all kernels, with each cut of it, and with many random changes. */
void scene_change_each(const char *file, void (*check)(struct dn_str));
