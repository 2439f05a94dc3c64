/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where elfutils is not there: no file has symbols, and frames are found by frame pointers alone. */
#include "modules/symbols/elf.h"

#include <errno.h>
#include <unistd.h>

int dn_elf_open(int fd, struct dn_elf **ret_elf) {
        (void)ret_elf;
        if (fd >= 0)
                close(fd);
        return -EOPNOTSUPP;
}

int dn_elf_open_image(struct dn_str image, struct dn_elf **ret_elf) {
        (void)image;
        (void)ret_elf;
        return -EOPNOTSUPP;
}

struct dn_elf *dn_elf_free(struct dn_elf *elf) {
        (void)elf;
        return NULL;
}

const struct dn_build_id *dn_elf_build_id(const struct dn_elf *elf) {
        static const struct dn_build_id none;

        (void)elf;
        return &none;
}

bool dn_elf_is_unchanged(const struct dn_elf *elf) {
        (void)elf;
        return true;
}

bool dn_elf_place(const struct dn_elf *elf, uint64_t offset, uint64_t *ret_address) {
        (void)elf;
        (void)offset;
        (void)ret_address;
        return false;
}

int dn_elf_add_debug(struct dn_elf *elf, int fd) {
        (void)elf;
        if (fd >= 0)
                close(fd);
        return -EOPNOTSUPP;
}

bool dn_elf_debug_link(struct dn_elf *elf, struct dn_str *ret_name, uint32_t *ret_crc) {
        (void)elf;
        (void)ret_name;
        (void)ret_crc;
        return false;
}

bool dn_elf_function(struct dn_elf *elf, uint64_t address, struct dn_function *ret_function) {
        (void)elf;
        (void)address;
        (void)ret_function;
        return false;
}

uint32_t dn_elf_inlined(struct dn_elf *elf, uint64_t address, bool lines, struct dn_inlined list[DN_INLINED_MAX],
                        const char **ret_source, uint32_t *ret_line) {
        (void)elf;
        (void)address;
        (void)lines;
        (void)list;
        *ret_source = NULL;
        *ret_line = 0;
        return 0;
}

int dn_elf_caller(struct dn_elf *elf, uint64_t bias, bool exact, const struct dn_memory *memory,
                  struct dn_registers *registers, bool *ret_signal) {
        (void)elf;
        (void)bias;
        (void)exact;
        (void)memory;
        (void)registers;
        (void)ret_signal;
        return -ENODATA;
}

size_t dn_elf_bytes(const struct dn_elf *elf) {
        (void)elf;
        return 0;
}
