/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scene.h"
#include "base/file.h"
#include "common.h"

#include <ftw.h>

const char *const scene_kernels[SCENE_KERNELS] = {"5.10", "6.1", "6.12", "6.18", "7.3"};

static void add_line(struct scene *scene, const char *line) {
        struct scene_process *p = &scene->processes[scene->n];
        long long pid;

        assert_true(scene->n < SCENE_MAX);
        assert_int_equal(sscanf(line, "%31[^\t]\t%lld\t%31[^\t]", p->name, &pid, p->parent), 3);
        p->pid = pid;
        scene->n++;
}

void scene_load(struct scene *scene, const char *kernel) {
        const char *fixtures = getenv("DENET_FIXTURES");
        char path[SCENE_PATH], line[512];
        FILE *file;

        *scene = (struct scene){.kernel = kernel};
        snprintf(scene->proc, SCENE_PATH, "%s/proc/%s/proc", fixtures ? fixtures : "tests/fixtures", kernel);
        snprintf(path, SCENE_PATH, "%.4000s/../scene.txt", scene->proc);
        file = fopen(path, "re");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file))
                add_line(scene, line);
        fclose(file);
}

const struct scene_process *scene_find(const struct scene *scene, const char *name) {
        for (size_t i = 0; i < scene->n; i++)
                if (strcmp(scene->processes[i].name, name) == 0)
                        return &scene->processes[i];
        fail_msg("no %s in the scene of %s", name, scene->kernel);
        abort(); /* the test has ended, which analysers do not know */
}

const struct scene_process *scene_with_pid(const struct scene *scene, int64_t pid) {
        for (size_t i = 0; i < scene->n; i++)
                if (scene->processes[i].pid == pid)
                        return &scene->processes[i];
        return NULL;
}

bool scene_is_below(const struct scene *scene, const struct scene_process *p, const char *root) {
        while (strcmp(p->name, root) != 0) {
                if (strcmp(p->parent, "-") == 0)
                        return false;
                p = scene_find(scene, p->parent);
        }
        return true;
}

static void path_of(const struct scene *scene, int64_t pid, const char *file, char path[SCENE_PATH]) {
        if (pid > 0)
                snprintf(path, SCENE_PATH, "%.4000s/%lld/%s", scene->proc, (long long)pid, file ? file : "");
        else
                snprintf(path, SCENE_PATH, "%.4000s/%s", scene->proc, file);
}

bool scene_read(const struct scene *scene, const char *name, const char *file, struct dn_text *text) {
        char path[SCENE_PATH];

        path_of(scene, scene_find(scene, name)->pid, file, path);
        return dn_file_append(AT_FDCWD, path, 1 << 20, text) == 0;
}

struct dn_str scene_exact(struct dn_str s) {
        char *p = malloc(s.n ? s.n : 1);

        assert_non_null(p);
        memcpy(p, s.p, s.n);
        return (struct dn_str){p, s.n};
}

void scene_copy(struct scene *scene) {
        char root[] = "/tmp/denet-test-XXXXXX", command[SCENE_PATH + 64];

        assert_non_null(mkdtemp(root));
        chmod(root, 0755);
        snprintf(command, sizeof(command), "cp -r '%s' %s/", scene->proc, root);
        assert_int_equal(system(command), 0);
        snprintf(scene->proc, SCENE_PATH, "%s/proc", root);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
        (void)st;
        (void)type;
        (void)at;
        return remove(path);
}

static void remove_all(const char *path) {
        assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void scene_remove(const struct scene *scene) {
        struct dn_str proc = dn_str_of(scene->proc);
        char root[SCENE_PATH];

        assert_true(dn_str_starts(proc, DN_STR("/tmp/")));
        snprintf(root, SCENE_PATH, "%.*s", (int)(proc.n - strlen("/proc")), proc.p);
        remove_all(root);
}

void scene_write(const struct scene *scene, int64_t pid, const char *file, struct dn_str content) {
        dn_autoclose int fd = -1;
        char path[SCENE_PATH];

        if (pid > 0) {
                path_of(scene, pid, NULL, path);
                mkdir(path, 0755);
        }
        path_of(scene, pid, file, path);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, content.p, content.n), (ssize_t)content.n);
}

void scene_delete(const struct scene *scene, int64_t pid, const char *file) {
        char path[SCENE_PATH];

        path_of(scene, pid, file, path);
        remove_all(path);
}

/* A byte is another one, is gone, or is there twice; what matters to a reader is likelier than the rest. */
static size_t change(char *p, size_t n, uint64_t *random) {
        static const char telling[] = " \t\n\r()-0123456789:SZ+.x";

        for (uint32_t i = random_below(random, 4); n > 0 && i < 4; i++) {
                size_t at = random_below(random, (uint32_t)n);

                switch (random_below(random, 4)) {
                case 0: p[at] = (char)random_next(random); break;
                case 1: memmove(p + at, p + at + 1, --n - at); break;
                case 2:
                        memmove(p + at + 1, p + at, n - at);
                        n++;
                        break;
                default: p[at] = telling[random_below(random, sizeof(telling))];
                }
        }
        return n;
}

static void change_one(const struct scene *scene, const char *name, const char *file, uint64_t *random,
                       void (*check)(struct dn_str)) {
        enum { CHANGES = 1000 };
        dn_autotext struct dn_text text = {0};
        char copy[4096];

        if (!scene_read(scene, name, file, &text))
                return;
        assert_true(text.n + 4 < sizeof(copy));
        for (size_t n = 0; n <= text.n; n++)
                check((struct dn_str){text.p, n});
        for (int i = 0; i < CHANGES; i++) {
                memcpy(copy, text.p, text.n);
                check((struct dn_str){copy, change(copy, text.n, random)});
        }
}

void scene_change_each(const char *file, void (*check)(struct dn_str)) {
        uint64_t random = 3;
        struct scene scene;

        for (int k = 0; k < SCENE_KERNELS; k++) {
                scene_load(&scene, scene_kernels[k]);
                for (size_t i = 0; i < scene.n; i++)
                        change_one(&scene, scene.processes[i].name, file, &random, check);
        }
}
