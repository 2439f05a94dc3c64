/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/dwarf.h"

#include <dwarf.h>

enum {
        DEPTH_MAX = 64,        /* blocks in blocks */
        ENTRIES_MAX = 1 << 16, /* entries of one function */
};

struct walk {
        uint64_t address;
        uint32_t left;                   /* entries that may still be looked at */
        Dwarf_Die found[DN_INLINED_MAX]; /* outermost first */
        uint32_t n;
};

/* Goes down to where the address is, and keeps what was inlined on the way. */
static void descend(struct walk *w, Dwarf_Die *parent, int depth) {
        Dwarf_Die die;

        if (depth == DEPTH_MAX || dwarf_child(parent, &die) != 0)
                return;
        do {
                int tag = dwarf_tag(&die);

                if (w->left == 0 || w->n == DN_INLINED_MAX)
                        return;
                w->left--;
                if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block && tag != DW_TAG_try_block &&
                    tag != DW_TAG_catch_block)
                        continue;
                if (dwarf_haspc(&die, w->address) != 1)
                        continue;
                if (tag == DW_TAG_inlined_subroutine)
                        w->found[w->n++] = die;
                descend(w, &die, depth + 1);
                return;
        } while (dwarf_siblingof(&die, &die) == 0);
}

static const char *text_of(Dwarf_Die *die, unsigned attribute) {
        Dwarf_Attribute value;

        return dwarf_attr_integrate(die, attribute, &value) ? dwarf_formstring(&value) : NULL;
}

/* The linker's name says which overload and which namespace; C has the source's alone. */
static const char *name_of(Dwarf_Die *die) {
        const char *name = text_of(die, DW_AT_linkage_name);

        if (!name)
                name = text_of(die, DW_AT_MIPS_linkage_name);
        return name ? name : text_of(die, DW_AT_name);
}

static Dwarf_Word number_of(Dwarf_Die *die, unsigned attribute) {
        Dwarf_Attribute value;
        Dwarf_Word number;

        return dwarf_attr(die, attribute, &value) && dwarf_formudata(&value, &number) == 0 ? number : 0;
}

static void where_called(Dwarf_Die *unit, Dwarf_Die *die, struct dn_inlined *in) {
        Dwarf_Word file = number_of(die, DW_AT_call_file);
        Dwarf_Files *files;
        size_t n;

        in->call_line = (uint32_t)number_of(die, DW_AT_call_line);
        if (dwarf_getsrcfiles(unit, &files, &n) == 0 && file < n)
                in->call_file = dwarf_filesrc(files, file, NULL, NULL);
}

static void line_at(Dwarf_Die *unit, uint64_t address, const char **ret_source, uint32_t *ret_line) {
        Dwarf_Line *line = dwarf_getsrc_die(unit, address);
        int number;

        if (!line || dwarf_lineno(line, &number) != 0 || number <= 0)
                return;
        *ret_source = dwarf_linesrc(line, NULL, NULL);
        *ret_line = (uint32_t)number;
}

uint32_t dn_elf_inlined(struct dn_elf *elf, uint64_t address, bool lines, struct dn_inlined list[DN_INLINED_MAX],
                        const char **ret_source, uint32_t *ret_line) {
        struct walk walk = {.address = address, .left = ENTRIES_MAX};
        Dwarf_Die unit, function;

        *ret_source = NULL;
        *ret_line = 0;
        if (!dn_dwarf_function(elf, address, &unit, &function))
                return 0;
        descend(&walk, &function, 0);
        if (lines)
                line_at(&unit, address, ret_source, ret_line);
        for (uint32_t i = 0; i < walk.n; i++) {
                Dwarf_Die *die = &walk.found[walk.n - 1 - i];

                list[i] = (struct dn_inlined){.name = name_of(die)};
                if (lines)
                        where_called(&unit, die, &list[i]);
        }
        return walk.n;
}
