/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/debug_file.h"
#include "base/guard.h"
#include "modules/symbols/open.h"

#include <sys/stat.h>

enum { CHECKED_MAX = 256 << 20 }; /* bytes of a file whose CRC is computed */

static int open_by_id(const struct dn_build_id *id, int debug_root) {
        dn_autotext struct dn_text text = {0}, name = {0};
        struct dn_str hex;

        if (id->n < 2 || debug_root < 0)
                return -ENOENT;
        dn_build_id_put(&text, id);
        hex = dn_text_str(&text);
        dn_text_printf(&name, ".build-id/%.2s/%.*s.debug", hex.p, (int)hex.n - 2, hex.p + 2);
        return name.failed || text.failed ? -ENOMEM : dn_open_below(debug_root, name.p, 0);
}

/* The CRC-32 of zlib, gzip and .gnu_debuglink. */
static int crc_of(int fd, uint32_t *ret_crc) {
        unsigned char buffer[16384];
        uint32_t table[256], crc = UINT32_MAX;
        ssize_t n;

        for (uint32_t i = 0; i < 256; i++) {
                table[i] = i;
                for (int bit = 0; bit < 8; bit++)
                        table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320U : 0);
        }
        for (off_t at = 0; (n = pread(fd, buffer, sizeof(buffer), at)) > 0; at += n) {
                if (at > CHECKED_MAX)
                        return -EFBIG;
                for (ssize_t i = 0; i < n; i++)
                        crc = table[(crc ^ buffer[i]) & 255] ^ crc >> 8;
        }
        if (n < 0)
                return -errno;
        *ret_crc = ~crc;
        return 0;
}

/* Takes the descriptor. A file that has a build-id is compared by that. */
static int add_checked(struct dn_elf *elf, int taken, uint32_t crc) {
        dn_autoclose int fd = taken;
        struct stat st;
        uint32_t own;

        if (fd < 0)
                return fd;
        if (dn_elf_build_id(elf)->n == 0) {
                if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || crc_of(fd, &own) < 0 || own != crc)
                        return -ESTALE;
        }
        return dn_elf_add_debug(elf, dn_steal_fd(&fd));
}

static int add_by_name(struct dn_elf *elf, int root, struct dn_str directory, const char *between, struct dn_str name,
                       uint32_t crc) {
        dn_autotext struct dn_text path = {0};

        dn_text_put(&path, directory);
        dn_text_put(&path, dn_str_of(between));
        dn_text_put(&path, name);
        if (!dn_text_cstr(&path))
                return -ENOMEM;
        return add_checked(elf, dn_open_below(root, path.p, 0), crc);
}

static int add_by_link(struct dn_elf *elf, const struct dn_space *space, const struct dn_mapping *mapping,
                       int debug_root) {
        const char *own = dn_mapping_name(&space->maps, mapping), *slash = strrchr(own, '/');
        dn_autoclose int root = -1;
        struct dn_str name, directory;
        uint32_t crc;
        int r;

        if (!slash || !dn_mapping_is_file(&space->maps, mapping) || !dn_elf_debug_link(elf, &name, &crc))
                return -ENOENT;
        directory = (struct dn_str){own, (size_t)(slash - own) + 1};
        root = dn_open_root(space);
        r = add_by_name(elf, root, directory, ".debug/", name, crc);
        /* A file that names itself is no debug file of its own. */
        if (r < 0 && !dn_str_equal(name, dn_str_of(slash + 1)))
                r = add_by_name(elf, root, directory, "", name, crc);
        if (r < 0 && debug_root >= 0)
                r = add_by_name(elf, debug_root, directory, "", name, crc);
        return r;
}

int dn_debug_file_add(struct dn_elf *elf, const struct dn_space *space, const struct dn_mapping *mapping,
                      int debug_root) {
        int fd = open_by_id(dn_elf_build_id(elf), debug_root);
        int r = fd < 0 ? fd : dn_elf_add_debug(elf, fd);

        return r < 0 ? add_by_link(elf, space, mapping, debug_root) : r;
}
