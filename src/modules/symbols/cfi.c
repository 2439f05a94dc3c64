/* SPDX-License-Identifier: GPL-3.0-or-later
 * From a frame to its caller, by the rules that a compiler leaves for each address (call frame information). */
#include "base/guard.h"
#include "modules/symbols/elf_file.h"
#include "modules/symbols/expression.h"

#include <dwarf.h>

enum { UNBOUNDED_MAX = 64 << 20 };

/* libdw reads the section or, without section headers, all that follows. */
static bool is_bounded(struct dn_elf *elf) {
        GElf_Shdr header;
        size_t n;

        if (elf_getshdrnum(elf->elf, &n) < 0)
                return false;
        if (n > 0 && !dn_elf_section(elf->elf, SHT_NULL, ".eh_frame", &header))
                return false;
        elf->bytes += n > 0 ? header.sh_size : elf->size;
        return n > 0 || elf->size <= UNBOUNDED_MAX;
}

static void read_rules(struct dn_elf *elf) {
        Dwarf *dwarf;

        elf->cfi_read = true;
        if (gelf_getclass(elf->elf) != ELFCLASS64)
                return; /* another set of registers */
        if (is_bounded(elf))
                elf->cfi = dwarf_getcfi_elf(elf->elf);
        /* Go leaves its rules there alone. */
        dwarf = elf->cfi ? NULL : dn_elf_dwarf(elf);
        if (dwarf)
                elf->debug_cfi = dwarf_getcfi(dwarf);
}

static void free_frame(Dwarf_Frame **frame) {
        free(*frame);
}

/* What the rule of one register gives. 1: a value; 0: it is lost; or -errno. */
static int apply_rule(Dwarf_Frame *frame, unsigned number, const struct dn_evaluation *given, uint64_t *ret_value) {
        Dwarf_Op memory[3], *ops;
        uint64_t place, sp;
        size_t n;
        int r;

        if (dwarf_frame_register(frame, (int)number, memory, &ops, &n) != 0)
                return -EBADMSG;
        if (n == 0 && !ops)
                return dn_register_get(given->registers, number, ret_value);
        if (n == 0)
                return 0;
        r = dn_expression_value(ops, n, given, true, ret_value);
        /* At the end of a function its registers are back in place before the rules say so: what was saved lies below
         * the stack pointer by then. */
        if (r == -EFAULT && dn_expression_value(ops, n, given, false, &place) > 0 &&
            dn_register_get(given->registers, dn_register_sp(), &sp) && place < sp)
                return dn_register_get(given->registers, number, ret_value);
        return r;
}

static int find_cfa(Dwarf_Frame *frame, struct dn_evaluation *given) {
        Dwarf_Op *ops;
        size_t n;
        int r;

        if (dwarf_frame_cfa(frame, &ops, &n) != 0 || n == 0)
                return -EBADMSG;
        r = dn_expression_value(ops, n, given, false, &given->cfa);
        given->has_cfa = r > 0;
        return r < 0 ? r : r == 0 ? -EFAULT : 0;
}

static int step(Dwarf_Frame *frame, unsigned return_column, const struct dn_memory *memory,
                struct dn_registers *registers) {
        struct dn_registers caller = {0}, own = *registers;
        struct dn_evaluation given = {.registers = &own, .memory = memory};
        int r;

        /* Where the return address has a register of its own number alone, that is the address here: the rules of a PLT
         * look at it. */
        if (!(own.known >> return_column & 1))
                dn_register_set(&own, return_column, own.pc);
        r = find_cfa(frame, &given);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < DN_REGISTERS; i++) {
                uint64_t value;

                if (i == dn_register_sp() || (!(registers->known >> i & 1) && i != return_column))
                        continue;
                r = apply_rule(frame, i, &given, &value);
                if (r < 0 && i == return_column)
                        return r;
                if (r > 0)
                        dn_register_set(&caller, i, value);
        }
        dn_register_set(&caller, dn_register_sp(), given.cfa);
        if (!dn_register_get(&caller, return_column, &caller.pc) || caller.pc == 0)
                return 0;
        *registers = caller;
        return 1;
}

int dn_elf_caller(struct dn_elf *elf, uint64_t bias, bool exact, const struct dn_memory *memory,
                  struct dn_registers *registers, bool *ret_signal) {
        __attribute__((cleanup(free_frame))) Dwarf_Frame *frame = NULL;
        uint64_t address = registers->pc - bias - !exact;
        bool signal = false;
        int column, r;

        if (!elf->cfi_read)
                read_rules(elf);
        if ((!elf->cfi || dwarf_cfi_addrframe(elf->cfi, address, &frame) != 0) &&
            (!elf->debug_cfi || dwarf_cfi_addrframe(elf->debug_cfi, address, &frame) != 0))
                return -ENODATA;
        column = dwarf_frame_info(frame, NULL, NULL, &signal);
        if (column < 0 || column >= DN_REGISTERS)
                return -EBADMSG;
        r = step(frame, (unsigned)column, memory, registers);
        if (r > 0)
                *ret_signal = signal;
        return r;
}
