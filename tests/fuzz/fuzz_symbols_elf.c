/* SPDX-License-Identifier: GPL-3.0-or-later
 * A file that a process maps is its owner's: whatever it holds, questions about it end, and answers lie within it. */
#include "base/guard.h"
#include "modules/symbols/demangle.h"
#include "modules/symbols/elf.h"

#define MUST(condition) \
        do { \
                if (!(condition)) \
                        abort(); \
        } while (0)

static void ask(struct dn_elf *elf, uint64_t place) {
        struct dn_inlined inlined[DN_INLINED_MAX];
        struct dn_registers registers = {.pc = place, .known = UINT64_MAX >> 30};
        struct dn_memory memory = {.start = 0, .bytes = DN_STR("0123456789012345678901234567890")};
        struct dn_function function;
        dn_autotext struct dn_text plain = {0};
        const char *source;
        uint32_t line, n;
        bool signal;
        int r;

        if (dn_elf_function(elf, place, &function)) {
                MUST(function.start <= place && strlen(function.name) > 0);
                dn_demangle_put(&plain, function.name);
                MUST(plain.n > 0);
        }
        n = dn_elf_inlined(elf, place, true, inlined, &source, &line);
        MUST(n <= DN_INLINED_MAX);
        r = dn_elf_caller(elf, 0, true, &memory, &registers, &signal);
        MUST(r <= 1 && (r < 1 || registers.pc != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dn_elf *elf;
        struct dn_str name;
        uint64_t place;
        uint32_t crc;

        if (dn_elf_open_image((struct dn_str){(const char *)data, size}, &elf) < 0)
                return 0;
        if (dn_elf_debug_link(elf, &name, &crc))
                MUST(name.n > 0 && !memchr(name.p, '/', name.n));
        for (uint64_t offset = 0; offset < size; offset += 97)
                if (dn_elf_place(elf, offset, &place))
                        ask(elf, place);
        dn_elf_free(elf);
        return 0;
}
