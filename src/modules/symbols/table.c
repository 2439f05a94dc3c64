/* SPDX-License-Identifier: GPL-3.0-or-later
 * The functions of a file as one table by address: libelf has none, and looks at every symbol for each question. */
#include "base/guard.h"
#include "modules/symbols/elf_file.h"

/* While the table is made: what decides between several names of one address. */
struct candidate {
        struct dn_symbol_entry entry;
        uint64_t room; /* up to the end of its section */
        uint8_t rank;
};

/* How far back a function is looked for that reaches over others; those of assembly do. */
enum { BACK_MAX = 16 };

static const char *name_of(const struct dn_symbol_table *table, const struct dn_symbol_entry *entry) {
        return table->names.p + entry->name;
}

/* Lower is better. With a size and a function's type, few underscores in front (read before __read before
 * __GI___read), seen from elsewhere. */
static uint8_t rank_of(const GElf_Sym *symbol, const char *name) {
        unsigned type = GELF_ST_TYPE(symbol->st_info), bind = GELF_ST_BIND(symbol->st_info), underscores = 0;

        while (underscores < 7 && name[underscores] == '_')
                underscores++;
        return (uint8_t)((symbol->st_size == 0) << 6 | (type == STT_NOTYPE) << 5 | underscores << 2 |
                         (bind == STB_GLOBAL ? 0U
                          : bind == STB_WEAK ? 1U
                                             : 2U));
}

/* A name of code: no marks of ARM's between code and data, no compiler's labels. */
static bool is_function(const GElf_Sym *symbol, const char *name) {
        unsigned type = GELF_ST_TYPE(symbol->st_info);

        if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS || symbol->st_value == 0)
                return false;
        if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
                return false;
        return name[0] != '\0' && name[0] != '$' && !(name[0] == '.' && name[1] == 'L');
}

static int by_address(const void *a, const void *b) {
        const struct candidate *x = a, *y = b;

        if (x->entry.start != y->entry.start)
                return x->entry.start < y->entry.start ? -1 : 1;
        if (x->rank != y->rank)
                return x->rank < y->rank ? -1 : 1;
        return x->entry.name < y->entry.name ? -1 : x->entry.name > y->entry.name;
}

/* The section that was asked for last. */
struct section {
        GElf_Section number;
        uint64_t end; /* 0: it has no code */
};

/* How much of its section follows the symbol. 0: it lies in none that has code, as one without a type may. */
static uint64_t room_of(Elf *elf, const GElf_Sym *symbol, struct section *last) {
        GElf_Shdr header;

        if (symbol->st_shndx != last->number) {
                *last = (struct section){.number = symbol->st_shndx};
                if (gelf_getshdr(elf_getscn(elf, symbol->st_shndx), &header) && header.sh_flags & SHF_EXECINSTR)
                        last->end = header.sh_addr + header.sh_size;
        }
        return last->end > symbol->st_value ? last->end - symbol->st_value : 0;
}

static uint32_t collect(const struct dn_symbol_table *table, Elf *elf, Elf_Data *data, size_t n,
                        struct candidate *list) {
        struct section last = {.number = SHN_UNDEF};
        uint32_t kept = 0;
        GElf_Sym symbol;

        for (size_t i = 0; i < n; i++) {
                const char *name;
                uint64_t room;

                if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_name >= table->names.n)
                        continue;
                name = table->names.p + symbol.st_name;
                room = is_function(&symbol, name) ? room_of(elf, &symbol, &last) : 0;
                if (room == 0)
                        continue;
                list[kept++] = (struct candidate){{symbol.st_value,
                                                   symbol.st_size < UINT32_MAX ? (uint32_t)symbol.st_size : UINT32_MAX,
                                                   symbol.st_name},
                                                  room,
                                                  rank_of(&symbol, name)};
        }
        return kept;
}

/* The best of each address. */
static uint32_t keep_best(struct candidate *list, uint32_t n) {
        uint32_t kept = 0;

        qsort(list, n, sizeof(*list), by_address);
        for (uint32_t i = 0; i < n; i++)
                if (kept == 0 || list[kept - 1].entry.start != list[i].entry.start)
                        list[kept++] = list[i];
        return kept;
}

/* One without a size ends where the next begins, in its section. Where there are names of what is exported alone,
 * nobody knows where that is. */
static void bound(struct candidate *list, uint32_t n, bool all) {
        for (uint32_t i = 0; i < n; i++) {
                struct candidate *c = &list[i];
                uint64_t size = c->room;

                if (c->entry.size > 0)
                        continue;
                if (i + 1 < n && list[i + 1].entry.start - c->entry.start < size)
                        size = list[i + 1].entry.start - c->entry.start;
                c->entry.size = !all ? 1 : size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
        }
}

static void fill(struct dn_symbol_table *table, Elf *elf, Elf_Data *data, size_t n, bool all) {
        dn_autofree struct candidate *list = calloc(n, sizeof(*list));
        uint32_t kept = list ? keep_best(list, collect(table, elf, data, n, list)) : 0;

        bound(list, kept, all);
        table->list = kept ? calloc(kept, sizeof(*table->list)) : NULL;
        table->n = table->list ? kept : 0;
        for (uint32_t i = 0; i < table->n; i++)
                table->list[i] = list[i].entry;
}

static bool read_from(struct dn_symbol_table *table, Elf *elf, unsigned type, size_t *bytes) {
        GElf_Shdr header, strings;
        Elf_Scn *section = elf ? dn_elf_section(elf, type, NULL, &header) : NULL;
        Elf_Scn *names = section ? elf_getscn(elf, header.sh_link) : NULL;
        Elf_Data *data;
        size_t width;

        if (!names || !gelf_getshdr(names, &strings) || strings.sh_type != SHT_STRTAB ||
            strings.sh_size > DN_ELF_SECTION_MAX || strings.sh_flags & SHF_COMPRESSED)
                return false;
        data = elf_getdata(section, NULL);
        table->names = dn_elf_section_bytes(names);
        while (table->names.n > 0 && table->names.p[table->names.n - 1] != '\0')
                table->names.n--;
        width = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
        if (!data || !data->d_buf || width == 0 || data->d_size / width == 0 ||
            data->d_size / width > DN_ELF_SYMBOLS_MAX)
                return false;
        fill(table, elf, data, data->d_size / width, type == SHT_SYMTAB);
        *bytes += data->d_size + table->names.n + table->n * sizeof(*table->list);
        return table->n > 0;
}

void dn_symbol_table_read(struct dn_symbol_table *table, Elf *elf, Elf *debug, size_t *bytes) {
        if (read_from(table, elf, SHT_SYMTAB, bytes) || read_from(table, debug, SHT_SYMTAB, bytes) ||
            dn_go_table_read(table, elf, bytes))
                return;
        free(table->list);
        *table = (struct dn_symbol_table){0};
        read_from(table, elf, SHT_DYNSYM, bytes);
}

/* How many begin at the address or before. */
static uint32_t count_up_to(const struct dn_symbol_table *table, uint64_t address) {
        uint32_t low = 0, high = table->n;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;

                if (table->list[middle].start <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

bool dn_symbol_table_find(const struct dn_symbol_table *table, uint64_t address, struct dn_function *ret_function) {
        uint32_t n = count_up_to(table, address);

        for (uint32_t back = 0; back < BACK_MAX && back < n; back++) {
                const struct dn_symbol_entry *entry = &table->list[n - 1 - back];

                if (address - entry->start < entry->size) {
                        *ret_function = (struct dn_function){name_of(table, entry), entry->start};
                        return true;
                }
        }
        return false;
}
