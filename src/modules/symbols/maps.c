/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/maps.h"
#include "base/guard.h"
#include "base/slots.h"

#include <sys/sysmacros.h>

enum {
        NAMES_MAX = 4 << 20, /* bytes; what comes then has no name */
        NAMES_OLD = 1 << 20, /* of names that nothing has any more, at the least before they are dropped */
};

void dn_maps_free(struct dn_maps *maps) {
        free(maps->list);
        dn_text_free(&maps->names);
        *maps = (struct dn_maps){0};
}

/* Cuts a hexadecimal number off the front, and the character that must follow it. */
static bool take_hex(struct dn_str *rest, char after, uint64_t *ret_value) {
        uint64_t value = 0;
        size_t i = 0;

        for (; i < rest->n && i < 16; i++) {
                char c = rest->p[i];

                if (c >= '0' && c <= '9')
                        value = value << 4 | (uint64_t)(c - '0');
                else if (c >= 'a' && c <= 'f')
                        value = value << 4 | (uint64_t)(c - 'a' + 10);
                else
                        break;
        }
        if (i == 0 || i == rest->n || rest->p[i] != after)
                return false;
        *ret_value = value;
        *rest = (struct dn_str){rest->p + i + 1, rest->n - i - 1};
        return true;
}

/* "r-xp " and the like. */
static bool take_rights(struct dn_str *rest, bool *ret_executable) {
        if (rest->n < 5 || rest->p[4] != ' ' || (rest->p[2] != 'x' && rest->p[2] != '-'))
                return false;
        *ret_executable = rest->p[2] == 'x';
        *rest = (struct dn_str){rest->p + 5, rest->n - 5};
        return true;
}

int dn_maps_parse(struct dn_str line, struct dn_mapping *ret_mapping, struct dn_str *ret_name) {
        static const struct dn_str deleted = {" (deleted)", 10};
        struct dn_mapping m = {0};
        uint64_t major, minor;

        if (!take_hex(&line, '-', &m.start) || !take_hex(&line, ' ', &m.end) || m.start >= m.end ||
            !take_rights(&line, &m.executable) || !take_hex(&line, ' ', &m.offset) || !take_hex(&line, ':', &major) ||
            !take_hex(&line, ' ', &minor) || !dn_str_take_u64(&line, &m.inode))
                return -EBADMSG;
        if (line.n > 0 && *line.p != ' ')
                return -EBADMSG;
        m.device = makedev((unsigned)major, (unsigned)minor);
        /* Blanks up to a column; a path begins with a slash, so that none of its own is lost. */
        while (line.n > 0 && *line.p == ' ')
                line = (struct dn_str){line.p + 1, line.n - 1};
        if (m.inode > 0 && dn_str_ends(line, deleted)) {
                line.n -= deleted.n;
                m.deleted = true;
        }
        *ret_mapping = m;
        *ret_name = line;
        return 0;
}

/* Keeps the names of those mappings alone that are there: names come and go with what is loaded and unloaded. */
static int drop_old_names(struct dn_maps *maps) {
        struct dn_text fresh = {0};
        uint32_t before = UINT32_MAX;

        for (uint32_t i = 0; i < maps->n; i++) {
                struct dn_mapping *m = &maps->list[i];
                struct dn_str name = dn_str_of(dn_mapping_name(maps, m));
                bool again = m->name == before;

                before = m->name;
                m->name = again ? maps->list[i - 1].name : (uint32_t)fresh.n;
                if (!again)
                        dn_text_put(&fresh, (struct dn_str){name.p, name.n + 1});
        }
        dn_text_free(&maps->names);
        if (fresh.failed) {
                dn_text_free(&fresh);
                maps->n = 0;
                return -ENOMEM;
        }
        maps->names = fresh;
        maps->names_kept = (uint32_t)fresh.n;
        return 0;
}

/* Appends the name, with the newlines that the kernel wrote as "\012". Returns its place; -ENOMEM. */
static int64_t keep_name(struct dn_maps *maps, struct dn_str name, bool escaped) {
        static const struct dn_str newline = {"\\012", 4};
        struct dn_text *names = &maps->names;
        size_t place = names->n;

        if (place > 0 && (name.n == 0 || place > NAMES_MAX))
                return (int64_t)place - 1; /* the NUL of the last one */
        for (size_t i = 0; i < name.n; i++) {
                struct dn_str rest = {name.p + i, name.n - i};

                if (escaped && dn_str_starts(rest, newline)) {
                        dn_text_put_char(names, '\n');
                        i += newline.n - 1;
                } else
                        dn_text_put_char(names, name.p[i]);
        }
        dn_text_put_char(names, '\0');
        return names->failed ? -ENOMEM : (int64_t)place;
}

/* The mapping before has the same name, as the parts of one file do. */
static bool same_name(const struct dn_maps *maps, uint32_t i, struct dn_str name) {
        return i > 0 && dn_str_equal(dn_str_of(dn_mapping_name(maps, &maps->list[i - 1])), name);
}

/* Puts it at place i, and the others one further. */
static int insert(struct dn_maps *maps, uint32_t i, const struct dn_mapping *mapping) {
        void *grown;

        if (maps->n == DN_MAPS_MAX) {
                maps->lost++;
                return 0;
        }
        grown = dn_slots_reserve(maps->list, &maps->room, maps->n, sizeof(*maps->list));
        if (!grown)
                return -ENOMEM;
        maps->list = grown;
        memmove(&maps->list[i + 1], &maps->list[i], (maps->n - i) * sizeof(*maps->list));
        maps->list[i] = *mapping;
        maps->n++;
        return 0;
}

/* The first mapping that ends above the address. */
static uint32_t first_above(const struct dn_maps *maps, uint64_t address) {
        uint32_t low = 0, high = maps->n;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;

                if (maps->list[middle].end <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static void begin_at(struct dn_mapping *m, uint64_t start) {
        m->offset += start - m->start;
        m->start = start;
}

/* Takes [start, end) out of what is known; ret_place is where a mapping of it belongs. */
static int make_way(struct dn_maps *maps, uint64_t start, uint64_t end, uint32_t *ret_place) {
        uint32_t i = first_above(maps, start), past;

        *ret_place = 0;
        if (!maps->list)
                return 0;
        if (i < maps->n && maps->list[i].start < start) {
                struct dn_mapping rest = maps->list[i];

                int r;

                begin_at(&rest, end);
                r = rest.start < rest.end ? insert(maps, i + 1, &rest) : 0;
                if (r < 0)
                        return r;
                maps->list[i++].end = start;
        }
        past = first_above(maps, end);
        if (past > i)
                memmove(&maps->list[i], &maps->list[past], (maps->n - past) * sizeof(*maps->list));
        maps->n -= past - i;
        if (i < maps->n && maps->list[i].start < end)
                begin_at(&maps->list[i], end);
        *ret_place = i;
        return 0;
}

static int add(struct dn_maps *maps, const struct dn_mapping *mapping, struct dn_str name, bool escaped) {
        struct dn_mapping m = *mapping;
        int64_t place;
        uint32_t i;
        int r = make_way(maps, m.start, m.end, &i);

        if (r < 0 || !m.executable)
                return r;
        if (maps->names.n > NAMES_OLD + 2 * (size_t)maps->names_kept && (r = drop_old_names(maps)) < 0)
                return r;
        place = same_name(maps, i, name) ? maps->list[i - 1].name : keep_name(maps, name, escaped);
        if (place < 0)
                return (int)place;
        m.name = (uint32_t)place;
        return insert(maps, i, &m);
}

int dn_maps_add(struct dn_maps *maps, const struct dn_mapping *mapping, struct dn_str name) {
        return mapping->start < mapping->end ? add(maps, mapping, name, false) : 0;
}

int dn_maps_read(struct dn_maps *maps, struct dn_str file) {
        struct dn_maps fresh = {0};
        struct dn_mapping mapping;
        struct dn_str line, name;
        int r = 0;

        while (r == 0 && dn_str_cut(&file, '\n', &line)) {
                r = dn_maps_parse(line, &mapping, &name);
                if (r == 0 && mapping.executable)
                        r = add(&fresh, &mapping, name, true);
        }
        if (r < 0) {
                dn_maps_free(&fresh);
                return r;
        }
        dn_maps_free(maps);
        *maps = fresh;
        return 0;
}

const struct dn_mapping *dn_maps_find(const struct dn_maps *maps, uint64_t address) {
        uint32_t i = first_above(maps, address);

        return i < maps->n && maps->list[i].start <= address ? &maps->list[i] : NULL;
}

bool dn_mapping_is_file(const struct dn_maps *maps, const struct dn_mapping *mapping) {
        struct dn_str name = dn_str_of(dn_mapping_name(maps, mapping));

        return dn_str_starts(name, DN_STR("/")) && !dn_str_starts(name, DN_STR("//anon")) &&
               !dn_str_starts(name, DN_STR("/dev/zero")) && !dn_str_starts(name, DN_STR("/SYSV"));
}
