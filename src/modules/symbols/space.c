/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/space.h"
#include "base/file.h"
#include "base/guard.h"
#include "modules/symbols/jit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { MAPS_FILE_MAX = 32 << 20 };

struct dn_space *dn_space_free(struct dn_space *space) {
        if (!space)
                return NULL;
        if (space->proc >= 0)
                close(space->proc);
        dn_maps_free(&space->maps);
        dn_jit_free(space->jit);
        free(space);
        return NULL;
}

/* Its effective user, whose rights a file has that it writes; its number in its own namespace. */
static void read_status(struct dn_space *space) {
        char buffer[4096];
        int n = dn_file_read(space->proc, "status", buffer, sizeof(buffer));
        struct dn_str rest = {buffer, n > 0 ? (size_t)n : 0}, value, word;
        uint64_t number;

        if (dn_str_value(&rest, DN_STR("Uid"), &value) && dn_str_word(&value, &word) && dn_str_word(&value, &word) &&
            dn_str_u64(word, &number))
                space->uid = (uid_t)number;
        if (dn_str_value(&rest, DN_STR("NSpid"), &value))
                while (dn_str_word(&value, &word))
                        if (dn_str_u64(word, &number))
                                space->inner_pid = (pid_t)number;
}

int dn_space_new(int proc, pid_t pid, struct dn_space **ret_space) {
        struct dn_space *space = calloc(1, sizeof(*space));
        char name[16];

        if (!space)
                return -ENOMEM;
        snprintf(name, sizeof(name), "%d", pid);
        space->pid = space->inner_pid = pid;
        space->uid = (uid_t)-1;
        space->proc = dn_file_directory(proc, name);
        if (space->proc >= 0)
                read_status(space);
        *ret_space = space;
        return 0;
}

static int copy_maps(struct dn_maps *to, const struct dn_maps *from) {
        if (from->n == 0)
                return 0;
        to->list = calloc(from->n, sizeof(*to->list));
        dn_text_put(&to->names, dn_text_str(&from->names));
        if (!to->list || to->names.failed)
                return -ENOMEM;
        memcpy(to->list, from->list, from->n * sizeof(*to->list));
        to->n = to->room = from->n;
        to->lost = from->lost;
        to->names_kept = from->names_kept;
        return 0;
}

int dn_space_fork(const struct dn_space *parent, int proc, pid_t pid, struct dn_space **ret_space) {
        struct dn_space *space;
        int r = dn_space_new(proc, pid, &space);

        if (r < 0)
                return r;
        r = copy_maps(&space->maps, &parent->maps);
        if (r < 0) {
                dn_space_free(space);
                return r;
        }
        space->vdso = parent->vdso;
        space->device = parent->device;
        space->inode = parent->inode;
        *ret_space = space;
        return 0;
}

static uint64_t find_vdso(const struct dn_maps *maps) {
        for (uint32_t i = 0; i < maps->n; i++)
                if (strcmp(dn_mapping_name(maps, &maps->list[i]), "[vdso]") == 0)
                        return maps->list[i].start;
        return 0;
}

static uint64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static bool is_another_program(const struct dn_space *space, uint64_t vdso, const struct stat *program) {
        return (space->vdso && vdso != space->vdso) ||
               (space->inode && program->st_ino &&
                (program->st_ino != space->inode || program->st_dev != space->device));
}

/* What is known of a mapping's file stays known. */
static void keep_build_ids(struct dn_maps *fresh, const struct dn_maps *old) {
        for (uint32_t i = 0; i < fresh->n; i++) {
                struct dn_mapping *m = &fresh->list[i];
                const struct dn_mapping *before = dn_maps_find(old, m->start);

                if (before && before->inode == m->inode && before->start == m->start)
                        m->build_id = before->build_id;
        }
}

int dn_space_read(struct dn_space *space) {
        dn_autotext struct dn_text text = {0};
        struct dn_maps fresh = {0};
        struct stat program = {0};
        struct dn_str file;
        uint64_t vdso;
        int r;

        space->read_ns = now_ns();
        if (space->proc < 0)
                return -ESRCH;
        r = dn_file_append(space->proc, "maps", MAPS_FILE_MAX, &text);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        file = dn_text_str(&text);
        while (file.n > 0 && file.p[file.n - 1] != '\n')
                file.n--; /* of a file that is too long */
        if (file.n == 0)
                return -ESRCH; /* a zombie, or a thread of the kernel */
        r = dn_maps_read(&fresh, file);
        if (r < 0)
                return r;
        vdso = find_vdso(&fresh);
        /* After the maps, so that a program that comes in between is not taken for the one before. */
        (void)fstatat(space->proc, "exe", &program, 0);
        if (is_another_program(space, vdso, &program)) {
                dn_maps_free(&fresh);
                return -ESTALE;
        }
        keep_build_ids(&fresh, &space->maps);
        dn_maps_free(&space->maps);
        space->maps = fresh;
        space->vdso = vdso;
        space->device = program.st_dev;
        space->inode = program.st_ino;
        space->read = true;
        return 0;
}

int dn_space_map(struct dn_space *space, const struct dn_mapping *mapping, struct dn_str name) {
        int r = dn_maps_add(&space->maps, mapping, name);

        if (r == 0 && dn_str_equal(name, DN_STR("[vdso]")))
                space->vdso = mapping->start;
        return r;
}
