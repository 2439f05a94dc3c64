/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/vdso.h"
#include "base/file.h"
#include "base/guard.h"

#include <fcntl.h>
#include <sys/auxv.h>

enum { VDSO_MAX = 1 << 20 };

/* Ours; empty where we have none. */
static struct dn_str find_own(void) {
        dn_autotext struct dn_text text = {0};
        struct dn_maps maps = {0};
        const char *start = (const char *)getauxval(AT_SYSINFO_EHDR); /* NOLINT(performance-no-int-to-ptr) */
        const struct dn_mapping *own = NULL;
        struct dn_str found = DN_STR("");

        if (start && dn_file_append(AT_FDCWD, "/proc/self/maps", 32 << 20, &text) == 0 &&
            dn_maps_read(&maps, dn_text_str(&text)) == 0)
                own = dn_maps_find(&maps, (uintptr_t)start);
        if (own && own->start == (uintptr_t)start && strcmp(dn_mapping_name(&maps, own), "[vdso]") == 0)
                found = (struct dn_str){start, own->end - own->start};
        dn_maps_free(&maps);
        return found;
}

static int open_image(struct dn_str image, const struct dn_mapping *mapping, struct dn_elf **ret_elf) {
        struct dn_elf *elf;
        int r = dn_elf_open_image(image, &elf);

        if (r < 0)
                return r;
        if (dn_build_id_differs(dn_elf_build_id(elf), &mapping->build_id)) {
                dn_elf_free(elf);
                return -ESTALE;
        }
        *ret_elf = elf;
        return 0;
}

/* From the process's memory, which takes the right to trace it. */
static int open_theirs(const struct dn_space *space, const struct dn_mapping *mapping, struct dn_elf **ret_elf) {
        size_t n = mapping->end - mapping->start;
        dn_autofree char *image = NULL;
        dn_autoclose int fd = -1;

        if (space->proc < 0)
                return -ESRCH;
        if (n > VDSO_MAX)
                return -EFBIG;
        fd = openat(space->proc, "mem", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        image = malloc(n);
        if (!image)
                return -ENOMEM;
        if (pread(fd, image, n, (off_t)mapping->start) != (ssize_t)n)
                return -EIO;
        return open_image((struct dn_str){image, n}, mapping, ret_elf);
}

int dn_vdso_open(const struct dn_space *space, const struct dn_mapping *mapping, struct dn_elf **ret_elf) {
        struct dn_str own = find_own();

        if (own.n > 0 && own.n == mapping->end - mapping->start && open_image(own, mapping, ret_elf) == 0)
                return 0;
        return open_theirs(space, mapping, ret_elf);
}
