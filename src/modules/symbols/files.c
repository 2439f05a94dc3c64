/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/files.h"
#include "base/guard.h"
#include "modules/symbols/debug_file.h"
#include "modules/symbols/open.h"
#include "modules/symbols/vdso.h"

#include <time.h>

/* After this, what could not be opened is tried again, and what could is looked at once more. */
static const uint64_t again_ns = 1000000000;

void dn_files_free(struct dn_files *files) {
        for (uint32_t i = 0; i < files->n; i++)
                dn_elf_free(files->list[i].elf);
        files->n = 0;
        if (files->debug_root >= 0)
                close(files->debug_root);
        files->debug_root = -1;
}

static uint64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* By inode where both have one; the kernel's records have the build-id instead. */
static bool is_of(const struct dn_file *file, const struct dn_mapping *mapping) {
        if (mapping->inode > 0 && file->inode > 0)
                return mapping->inode == file->inode && mapping->device == file->device &&
                       !dn_build_id_differs(&mapping->build_id, &file->build_id);
        return mapping->build_id.n > 0 && dn_build_id_equal(&mapping->build_id, &file->build_id);
}

static void remove_at(struct dn_files *files, uint32_t i) {
        dn_elf_free(files->list[i].elf);
        files->n--;
        memmove(&files->list[i], &files->list[i + 1], (files->n - i) * sizeof(*files->list));
}

static void move_to_front(struct dn_files *files, uint32_t i) {
        struct dn_file file = files->list[i];

        memmove(&files->list[1], &files->list[0], i * sizeof(*files->list));
        files->list[0] = file;
}

/* All but the first, which is in use. */
static void keep_within_limit(struct dn_files *files) {
        size_t sum = 0;

        for (uint32_t i = 0; i < files->n; i++)
                sum += files->list[i].elf ? dn_elf_bytes(files->list[i].elf) : 0;
        while (files->n > 1 && sum > files->limit) {
                struct dn_file *last = &files->list[files->n - 1];

                sum -= last->elf ? dn_elf_bytes(last->elf) : 0;
                remove_at(files, files->n - 1);
        }
}

static struct dn_elf *open_file(const struct dn_space *space, const struct dn_mapping *mapping) {
        struct dn_elf *elf;
        int fd;

        if (strcmp(dn_mapping_name(&space->maps, mapping), "[vdso]") == 0)
                return dn_vdso_open(space, mapping, &elf) == 0 ? elf : NULL;
        if (mapping->inode == 0 && mapping->build_id.n == 0)
                return NULL;
        fd = dn_open_mapped(space, mapping);
        if (fd < 0 || dn_elf_open(fd, &elf) < 0)
                return NULL;
        /* Found by its name alone, it must be what was mapped. */
        if (mapping->inode == 0 && !dn_build_id_equal(dn_elf_build_id(elf), &mapping->build_id))
                return dn_elf_free(elf);
        if (dn_build_id_differs(dn_elf_build_id(elf), &mapping->build_id))
                return dn_elf_free(elf);
        return elf;
}

static void add(struct dn_files *files, const struct dn_space *space, const struct dn_mapping *mapping) {
        struct dn_file file = {.device = mapping->device, .inode = mapping->inode, .build_id = mapping->build_id};

        file.elf = open_file(space, mapping);
        file.looked_ns = now_ns();
        if (file.elf)
                file.build_id = *dn_elf_build_id(file.elf);
        if (files->n == DN_FILES_MAX)
                remove_at(files, files->n - 1);
        files->list[files->n++] = file;
        move_to_front(files, files->n - 1);
}

/* A file that was written to is read anew: its tables are no more where they were. */
static bool is_still_good(struct dn_file *file) {
        uint64_t now = now_ns();

        if (now - file->looked_ns < again_ns)
                return true;
        file->looked_ns = now;
        return file->elf && dn_elf_is_unchanged(file->elf);
}

/* Puts it in front. */
static bool find(struct dn_files *files, const struct dn_mapping *mapping) {
        for (uint32_t i = 0; i < files->n; i++) {
                if (!is_of(&files->list[i], mapping))
                        continue;
                if (!is_still_good(&files->list[i])) {
                        remove_at(files, i);
                        return false;
                }
                if (i > 0)
                        move_to_front(files, i);
                return true;
        }
        return false;
}

static bool may_be_a_file(const struct dn_space *space, const struct dn_mapping *mapping) {
        return mapping->inode > 0 || mapping->build_id.n > 0 ||
               strcmp(dn_mapping_name(&space->maps, mapping), "[vdso]") == 0;
}

struct dn_elf *dn_files_get(struct dn_files *files, const struct dn_space *space, const struct dn_mapping *mapping,
                            bool symbols) {
        struct dn_file *file = &files->list[0];

        if (!may_be_a_file(space, mapping))
                return NULL;
        if (!find(files, mapping))
                add(files, space, mapping);
        if (file->elf && symbols && !file->debug_looked) {
                file->debug_looked = true;
                dn_debug_file_add(file->elf, space, mapping, files->debug_root);
        }
        keep_within_limit(files);
        return file->elf;
}
