/* SPDX-License-Identifier: GPL-3.0-or-later
 * A file's debug information: which unit has which code. libdw would walk through every unit's entries for each
 * question, so that both the units and their functions are kept as tables. */
#include "modules/symbols/dwarf.h"
#include "base/guard.h"
#include "base/slots.h"

#include <dwarf.h>

enum {
        RANGES_MAX = 1 << 20,  /* pieces of code of one unit's functions, or of all units */
        ENTRIES_MAX = 1 << 21, /* entries that are looked at for one table */
        NESTED_MAX = 32,       /* namespaces in namespaces */
};

/* Bytes of all debug sections, unpacked. */
static uint64_t debug_bytes(Elf *elf) {
        Elf_Scn *section = NULL;
        uint64_t sum = 0;
        size_t names;

        if (elf_getshdrstrndx(elf, &names) < 0)
                return 0;
        for (int i = 0; i < DN_ELF_SECTIONS && (section = elf_nextscn(elf, section)); i++) {
                GElf_Shdr header;
                GElf_Chdr packed;
                const char *name;
                uint64_t size;

                if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
                        continue;
                name = elf_strptr(elf, names, header.sh_name);
                if (!name || (strncmp(name, ".debug_", 7) != 0 && strncmp(name, ".zdebug_", 8) != 0))
                        continue;
                /* The older packing says its size within; it packs to a tenth at the utmost. */
                size = name[1] == 'z' ? header.sh_size * 16 : header.sh_size;
                if (header.sh_flags & SHF_COMPRESSED)
                        size = gelf_getchdr(section, &packed) ? packed.ch_size : UINT64_MAX;
                if (__builtin_add_overflow(sum, size, &sum))
                        return UINT64_MAX;
        }
        return sum;
}

/* libdw would open what dwz took out by the name in the file, whatever that is. */
static bool wants_another_file(Elf *elf) {
        GElf_Shdr header;

        return dn_elf_section(elf, SHT_PROGBITS, ".gnu_debugaltlink", &header) != NULL;
}

static Dwarf *begin(Elf *elf, size_t *bytes) {
        uint64_t size = elf ? debug_bytes(elf) : 0;
        Dwarf *dwarf;

        if (size == 0 || size > DN_ELF_DEBUG_MAX || wants_another_file(elf))
                return NULL;
        dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
        *bytes += dwarf ? size : 0;
        return dwarf;
}

Dwarf *dn_elf_dwarf(struct dn_elf *elf) {
        if (!elf->dwarf_read) {
                elf->dwarf_read = true;
                elf->dwarf = begin(elf->elf, &elf->bytes);
                if (!elf->dwarf)
                        elf->dwarf = begin(elf->debug, &elf->bytes);
        }
        return elf->dwarf;
}

static int by_low(const void *a, const void *b) {
        const struct dn_range *x = a, *y = b;

        if (x->low != y->low)
                return x->low < y->low ? -1 : 1;
        return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* Adds all code of the entry; `number` is what the range is to say. */
static bool add_ranges(struct dn_ranges *ranges, Dwarf_Die *die, uint64_t number) {
        Dwarf_Addr base = 0, low = 0, high = 0;
        ptrdiff_t at = 0;

        while (ranges->n < RANGES_MAX && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
                void *grown;

                if (low == 0 || low >= high) /* of code that the linker left out */
                        continue;
                grown = dn_slots_reserve(ranges->list, &ranges->room, ranges->n, sizeof(*ranges->list));
                if (!grown)
                        return false;
                ranges->list = grown;
                ranges->list[ranges->n++] = (struct dn_range){low, high, number};
        }
        return true;
}

static const struct dn_range *find(const struct dn_ranges *ranges, uint64_t address) {
        uint32_t low = 0, high = ranges->n;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;

                if (ranges->list[middle].low <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low > 0 && address < ranges->list[low - 1].high ? &ranges->list[low - 1] : NULL;
}

static bool add_unit(struct dn_elf *elf, Dwarf_Die *die) {
        struct dn_units *units = &elf->units;
        void *grown = dn_slots_reserve(units->list, &units->room, units->n, sizeof(*units->list));

        if (!grown)
                return false;
        units->list = grown;
        units->list[units->n].die = dwarf_dieoffset(die);
        return add_ranges(&units->code, die, units->n++);
}

static void read_units(struct dn_elf *elf) {
        Dwarf_CU *unit = NULL;
        Dwarf_Half version;
        uint8_t kind;
        Dwarf_Die die;

        elf->units.read = true;
        /* Of skeletons, whose rest lies in a file by any name, nothing. */
        while (dwarf_get_units(elf->dwarf, unit, &unit, &version, &kind, &die, NULL) == 0)
                if (kind == DW_UT_compile && !add_unit(elf, &die))
                        break;
        if (elf->units.code.n > 0)
                qsort(elf->units.code.list, elf->units.code.n, sizeof(*elf->units.code.list), by_low);
        elf->bytes += elf->units.n * sizeof(*elf->units.list) + elf->units.code.n * sizeof(*elf->units.code.list);
}

static bool may_hold_functions(int tag) {
        return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type ||
               tag == DW_TAG_class_type;
}

static void read_functions(struct dn_ranges *ranges, Dwarf_Die *parent, int depth, uint32_t *left) {
        Dwarf_Die die;

        if (dwarf_child(parent, &die) != 0)
                return;
        do {
                int tag = dwarf_tag(&die);

                if (tag == DW_TAG_subprogram && !add_ranges(ranges, &die, dwarf_dieoffset(&die)))
                        return;
                if (may_hold_functions(tag) && depth < NESTED_MAX)
                        read_functions(ranges, &die, depth + 1, left);
        } while (*left > 0 && --*left > 0 && dwarf_siblingof(&die, &die) == 0);
}

bool dn_dwarf_function(struct dn_elf *elf, uint64_t address, Dwarf_Die *ret_unit, Dwarf_Die *ret_function) {
        Dwarf *dwarf = dn_elf_dwarf(elf);
        const struct dn_range *code;
        struct dn_unit *unit;
        Dwarf_Die die;

        if (!dwarf)
                return false;
        if (!elf->units.read)
                read_units(elf);
        code = find(&elf->units.code, address);
        unit = code ? &elf->units.list[code->entry] : NULL;
        if (!unit || !dwarf_offdie(dwarf, unit->die, &die))
                return false;
        *ret_unit = die;
        if (!unit->read) {
                uint32_t left = ENTRIES_MAX;

                unit->read = true;
                read_functions(&unit->functions, &die, 0, &left);
                if (unit->functions.n > 0)
                        qsort(unit->functions.list, unit->functions.n, sizeof(*unit->functions.list), by_low);
                elf->bytes += unit->functions.n * sizeof(*unit->functions.list);
        }
        code = find(&unit->functions, address);
        return code && dwarf_offdie(dwarf, code->entry, ret_function);
}

void dn_units_free(struct dn_units *units) {
        for (uint32_t i = 0; i < units->n; i++)
                free(units->list[i].functions.list);
        free(units->list);
        free(units->code.list);
        *units = (struct dn_units){0};
}
