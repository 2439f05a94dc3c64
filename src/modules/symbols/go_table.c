/* SPDX-License-Identifier: GPL-3.0-or-later
 * The functions of a program of Go that was stripped: its runtime keeps their names for itself (.gopclntab; the layout
 * of Go 1.18 and later, as src/runtime/symtab.go has it). */
#include "base/guard.h"
#include "modules/symbols/elf_file.h"

struct header {
        uint32_t magic;
        uint8_t zero[2], quantum, pointer_size;
        uint64_t functions, files;
        uint64_t text; /* before a program is loaded; 0 from 1.26 on, and where it is relocated */
        uint64_t names, units, file_table, pc_table, function_table; /* offsets from the header */
};

struct function {
        uint32_t start;  /* from the text's beginning */
        uint32_t detail; /* where more is told, from the function table's beginning; the name's place is its second word
                          */
};

enum {
        GO_1_18 = 0xfffffff0,
        GO_1_20 = 0xfffffff1,
        TEXT_WORD = 22, /* of the runtime's moduledata */
};

static bool word_at(struct dn_str bytes, uint64_t at, void *ret_value, size_t n) {
        if (at > bytes.n || bytes.n - at < n)
                return false;
        memcpy(ret_value, bytes.p + at, n);
        return true;
}

/* Where the code begins that offsets are from. With a linker other than Go's own, other code may stand before it. */
static bool find_text(Elf *elf, const struct header *header, uint64_t *ret_text) {
        GElf_Shdr section;
        Elf_Scn *module = dn_elf_section(elf, SHT_PROGBITS, ".go.module", &section);
        uint64_t text = header->text;

        if (text == 0 && module)
                word_at(dn_elf_section_bytes(module), TEXT_WORD * sizeof(text), &text, sizeof(text));
        if (text == 0) {
                if (dn_elf_section(elf, SHT_NULL, ".init", &section) ||
                    dn_elf_section(elf, SHT_NULL, ".eh_frame", &section) ||
                    !dn_elf_section(elf, SHT_PROGBITS, ".text", &section))
                        return false;
                text = section.sh_addr;
        }
        *ret_text = text;
        return true;
}

static bool read_header(struct dn_str bytes, struct header *ret_header) {
        struct header h;

        if (!word_at(bytes, 0, &h, sizeof(h)) || (h.magic != GO_1_18 && h.magic != GO_1_20) || h.pointer_size != 8)
                return false;
        if (h.functions == 0 || h.functions > DN_ELF_SYMBOLS_MAX || h.names >= bytes.n || h.function_table >= bytes.n)
                return false;
        *ret_header = h;
        return true;
}

/* The runtime has them in order; the last entry has an end alone. */
static uint32_t collect(struct dn_symbol_table *table, struct dn_str functions, const struct header *h, uint64_t text) {
        uint32_t n = 0;

        for (uint64_t i = 0; i < h->functions; i++) {
                struct function f;
                uint32_t end, name;

                if (!word_at(functions, i * sizeof(f), &f, sizeof(f)) ||
                    !word_at(functions, (i + 1) * sizeof(f), &end, sizeof(end)) ||
                    !word_at(functions, f.detail + sizeof(uint32_t), &name, sizeof(name)))
                        break;
                if (end <= f.start || name >= table->names.n || table->names.p[name] == '\0')
                        continue;
                if (n > 0 && table->list[n - 1].start >= text + f.start)
                        continue;
                table->list[n++] = (struct dn_symbol_entry){text + f.start, end - f.start, name};
        }
        return n;
}

bool dn_go_table_read(struct dn_symbol_table *table, Elf *elf, size_t *bytes) {
        GElf_Shdr section;
        Elf_Scn *found = dn_elf_section(elf, SHT_PROGBITS, ".gopclntab", &section);
        struct dn_str all, functions;
        struct header header;
        uint64_t text;

        if (!found)
                found = dn_elf_section(elf, SHT_PROGBITS, ".data.rel.ro.gopclntab", &section);
        all = dn_elf_section_bytes(found);
        if (!read_header(all, &header) || !find_text(elf, &header, &text))
                return false;
        table->names = (struct dn_str){all.p + header.names, all.n - header.names};
        while (table->names.n > 0 && table->names.p[table->names.n - 1] != '\0')
                table->names.n--;
        functions = (struct dn_str){all.p + header.function_table, all.n - header.function_table};
        table->list = calloc(header.functions, sizeof(*table->list));
        table->n = table->list ? collect(table, functions, &header, text) : 0;
        *bytes += all.n + header.functions * sizeof(*table->list);
        return table->n > 0;
}
