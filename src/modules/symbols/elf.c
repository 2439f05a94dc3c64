/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "base/slots.h"
#include "modules/symbols/elf_file.h"

#include <sys/stat.h>

enum { NOTES_MAX = 64 << 10 };

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { OUR_ORDER = ELFDATA2LSB };
#else
enum { OUR_ORDER = ELFDATA2MSB };
#endif

struct dn_elf *dn_elf_free(struct dn_elf *elf) {
        if (!elf)
                return NULL;
        if (elf->cfi)
                dwarf_cfi_end(elf->cfi);
        dwarf_end(elf->dwarf);
        elf_end(elf->debug);
        elf_end(elf->elf);
        if (elf->fd >= 0)
                close(elf->fd);
        if (elf->debug_fd >= 0)
                close(elf->debug_fd);
        dn_units_free(&elf->units);
        free(elf->table.list);
        free(elf->segments);
        free(elf->image);
        free(elf);
        return NULL;
}

Elf_Scn *dn_elf_section(Elf *elf, unsigned type, const char *name, GElf_Shdr *ret_header) {
        Elf_Scn *section = NULL;
        GElf_Shdr header;
        size_t names;

        if (elf_getshdrstrndx(elf, &names) < 0)
                return NULL;
        for (int i = 0; i < DN_ELF_SECTIONS && (section = elf_nextscn(elf, section)); i++) {
                const char *own;

                if (!gelf_getshdr(section, &header) || (type != SHT_NULL && header.sh_type != type))
                        continue;
                own = name ? elf_strptr(elf, names, header.sh_name) : NULL;
                if (name && (!own || strcmp(own, name) != 0))
                        continue;
                if (header.sh_size > DN_ELF_SECTION_MAX || header.sh_flags & SHF_COMPRESSED)
                        return NULL;
                *ret_header = header;
                return section;
        }
        return NULL;
}

struct dn_str dn_elf_section_bytes(Elf_Scn *section) {
        const Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;

        return data && data->d_buf ? (struct dn_str){data->d_buf, data->d_size} : DN_STR("");
}

static bool id_in_sections(Elf *elf, struct dn_build_id *ret_id) {
        Elf_Scn *section = NULL;
        GElf_Shdr header;

        for (int i = 0; i < DN_ELF_SECTIONS && (section = elf_nextscn(elf, section)); i++)
                if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE && header.sh_size <= NOTES_MAX &&
                    dn_build_id_find(dn_elf_section_bytes(section), header.sh_addralign, ret_id))
                        return true;
        return false;
}

static bool id_in_segments(Elf *elf, size_t n, struct dn_build_id *ret_id) {
        GElf_Phdr header;

        for (size_t i = 0; i < n; i++) {
                const Elf_Data *data = NULL;

                if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_NOTE && header.p_filesz <= NOTES_MAX)
                        data = elf_getdata_rawchunk(elf, (int64_t)header.p_offset, header.p_filesz, ELF_T_BYTE);
                if (data && data->d_buf &&
                    dn_build_id_find((struct dn_str){data->d_buf, data->d_size}, header.p_align, ret_id))
                        return true;
        }
        return false;
}

static void read_build_id(Elf *elf, struct dn_build_id *ret_id) {
        size_t n = 0;

        if (elf_getphdrnum(elf, &n) == 0 && id_in_segments(elf, n, ret_id))
                return;
        id_in_sections(elf, ret_id);
}

static int read_segments(struct dn_elf *e) {
        GElf_Phdr header;
        uint32_t room = 0;
        size_t n;

        if (elf_getphdrnum(e->elf, &n) < 0)
                return -ENOEXEC;
        for (size_t i = 0; i < n; i++) {
                void *grown;

                if (!gelf_getphdr(e->elf, (int)i, &header) || header.p_type != PT_LOAD || !(header.p_flags & PF_X))
                        continue;
                grown = dn_slots_reserve(e->segments, &room, e->n_segments, sizeof(*e->segments));
                if (!grown)
                        return -ENOMEM;
                e->segments = grown;
                e->segments[e->n_segments++] = (struct dn_segment){header.p_offset, header.p_filesz, header.p_vaddr};
        }
        return 0;
}

/* An ELF file of this machine's byte order. */
static int check_kind(Elf *elf) {
        GElf_Ehdr header;

        if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
                return -ENOEXEC;
        return header.e_ident[EI_DATA] == OUR_ORDER ? 0 : -ENOEXEC;
}

static int begin(struct dn_elf *e) {
        int r = check_kind(e->elf);

        if (r < 0)
                return r;
        e->bytes = sizeof(*e);
        read_build_id(e->elf, &e->build_id);
        return read_segments(e);
}

static int check_file(int fd, struct stat *ret_stat) {
        if (fd < 0)
                return -EBADF;
        if (fstat(fd, ret_stat) < 0)
                return -errno;
        return S_ISREG(ret_stat->st_mode) ? 0 : -ENOEXEC;
}

int dn_elf_open(int fd, struct dn_elf **ret_elf) {
        struct dn_elf *e = calloc(1, sizeof(*e));
        struct stat st = {0};
        int r = check_file(fd, &st);

        if (!e) {
                if (fd >= 0)
                        close(fd);
                return -ENOMEM;
        }
        e->fd = fd;
        e->size = (size_t)st.st_size;
        e->changed = st.st_mtim;
        e->debug_fd = -1;
        if (r == 0) {
                elf_version(EV_CURRENT);
                e->elf = elf_begin(fd, ELF_C_READ, NULL);
                r = begin(e);
        }
        if (r < 0) {
                dn_elf_free(e);
                return r;
        }
        *ret_elf = e;
        return 0;
}

int dn_elf_open_image(struct dn_str image, struct dn_elf **ret_elf) {
        struct dn_elf *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        e->fd = e->debug_fd = -1;
        e->image = malloc(image.n ? image.n : 1);
        if (!e->image) {
                dn_elf_free(e);
                return -ENOMEM;
        }
        e->size = image.n;
        if (image.n > 0)
                memcpy(e->image, image.p, image.n);
        elf_version(EV_CURRENT);
        e->elf = elf_memory(e->image, image.n);
        r = begin(e);
        if (r < 0) {
                dn_elf_free(e);
                return r;
        }
        e->bytes += image.n;
        *ret_elf = e;
        return 0;
}

const struct dn_build_id *dn_elf_build_id(const struct dn_elf *elf) {
        return &elf->build_id;
}

bool dn_elf_is_unchanged(const struct dn_elf *elf) {
        struct stat st;

        if (elf->fd < 0)
                return true;
        return fstat(elf->fd, &st) == 0 && (size_t)st.st_size == elf->size &&
               st.st_mtim.tv_sec == elf->changed.tv_sec && st.st_mtim.tv_nsec == elf->changed.tv_nsec;
}

bool dn_elf_place(const struct dn_elf *elf, uint64_t offset, uint64_t *ret_address) {
        for (uint32_t i = 0; i < elf->n_segments; i++) {
                const struct dn_segment *s = &elf->segments[i];

                if (offset >= s->offset && offset - s->offset < s->size) {
                        *ret_address = offset - s->offset + s->address;
                        return true;
                }
        }
        return false;
}

int dn_elf_add_debug(struct dn_elf *elf, int fd) {
        struct dn_build_id id = {0};
        Elf *debug = NULL;
        struct stat st;
        int r = check_file(fd, &st);

        if (r == 0) {
                debug = elf_begin(fd, ELF_C_READ, NULL);
                r = check_kind(debug);
        }
        if (r == 0)
                read_build_id(debug, &id);
        if (r == 0 && (elf->debug || (elf->build_id.n > 0 && !dn_build_id_equal(&elf->build_id, &id))))
                r = -ESTALE;
        if (r < 0) {
                elf_end(debug);
                if (fd >= 0)
                        close(fd);
                return r;
        }
        elf->debug = debug;
        elf->debug_fd = fd;
        return 0;
}

/* A name, its NUL, what aligns them to 4, the CRC. */
bool dn_elf_debug_link(struct dn_elf *elf, struct dn_str *ret_name, uint32_t *ret_crc) {
        GElf_Shdr header;
        Elf_Scn *section = dn_elf_section(elf->elf, SHT_PROGBITS, ".gnu_debuglink", &header);
        struct dn_str bytes, name;
        size_t at;

        if (!section || header.sh_size > 4096)
                return false;
        bytes = dn_elf_section_bytes(section);
        name = (struct dn_str){bytes.p, strnlen(bytes.p, bytes.n)};
        at = (name.n + 4) & ~(size_t)3;
        if (name.n == 0 || at > bytes.n || bytes.n - at < sizeof(*ret_crc) || memchr(name.p, '/', name.n))
                return false;
        memcpy(ret_crc, bytes.p + at, sizeof(*ret_crc));
        *ret_name = name;
        return true;
}

bool dn_elf_function(struct dn_elf *elf, uint64_t address, struct dn_function *ret_function) {
        if (!elf->table_read) {
                dn_symbol_table_read(&elf->table, elf->elf, elf->debug, &elf->bytes);
                elf->table_read = true;
        }
        return dn_symbol_table_find(&elf->table, address, ret_function);
}

size_t dn_elf_bytes(const struct dn_elf *elf) {
        return elf->bytes;
}
