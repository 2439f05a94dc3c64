/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/field.h"

#include <errno.h>

#define ENTRY(id_, part_, name_, unit_, nature_, tree_, time_, of_, whence_, meaning_) \
        [id_] = {.name = {#name_, sizeof(#name_) - 1}, \
                 .whence = (whence_), \
                 .meaning = (meaning_), \
                 .part = DN_##part_, \
                 .unit = DN_##unit_, \
                 .nature = (nature_), \
                 .tree = DN_##tree_, \
                 .time = DN_##time_, \
                 .index = (id_)-DN_FIRST_##part_, \
                 .of = (of_)},
#define FIELD(part, name, unit, nature, tree, time, whence, meaning) \
        ENTRY(DN_##name, part, name, unit, DN_##nature, tree, time, DN_NOTHING, whence, meaning)
#define INNER(part, name, unit, of, whence, meaning) \
        ENTRY(DN_##name, part, name, unit, DN_INNER, ABSENT, LAST, DN_##of, whence, meaning)
#define PART(part, key)
#define BLOCK(part, name, unit, nature, time, whence, meaning) \
        ENTRY(DN_##part##_##name, part, name, unit, DN_##nature, ABSENT, time, DN_NOTHING, whence, meaning)
const struct dn_field dn_fields[DN_ALL_FIELDS] = {
#include "model/fields.def"
};
#undef FIELD
#undef INNER
#undef PART
#undef BLOCK

/* A bit for each field of which HOLDS is true. */
#define PART(part, key)
#define BLOCK(...)
#define INNER(...)
#define FIELD(part, name, unit, nature, tree, ...) | (uint64_t)(HOLDS(DN_##part, DN_##nature, DN_##tree)) << DN_##name
#define HOLDS(part, nature, tree) ((nature) == DN_COUNTER)
const uint64_t dn_counter_bits = 0
#include "model/fields.def"
        ;
#undef HOLDS
#define HOLDS(part, nature, tree) ((nature) == DN_GAUGE)
const uint64_t dn_gauge_bits = 0
#include "model/fields.def"
        ;
#undef HOLDS
#define HOLDS(part, nature, tree) ((tree) == DN_MAX)
const uint64_t dn_max_bits = 0
#include "model/fields.def"
        ;
#undef HOLDS
#define HOLDS(part, nature, tree) ((part) == DN_PROCESS)
static const uint64_t process_bits = 0
#include "model/fields.def"
        ;
#undef HOLDS
#define HOLDS(part, nature, tree) ((tree) != DN_ABSENT)
static const uint64_t whole_bits = 0
#include "model/fields.def"
        ;
#undef HOLDS
#undef FIELD
#undef INNER
#undef PART
#undef BLOCK

uint64_t dn_written_bits(int part) {
        return part == DN_PROCESS ? process_bits : whole_bits;
}

_Static_assert(DN_FIELDS <= 64, "a row has 64 has-bits");
#define FIELD(...)
#define INNER(...)
#define PART(...)
#define BLOCK(part, name, ...) \
        _Static_assert(DN_##part##_##name - DN_FIRST_##part < DN_FIELDS, "rows have room for those of the whole");
#include "model/fields.def"
#undef PART

struct dn_str dn_part_name(int part) {
#define PART(part_, key_) [DN_##part_] = {#key_, sizeof(#key_) - 1},
#undef BLOCK
#define BLOCK(...)
        static const struct dn_str names[DN_PARTS] = {
#include "model/fields.def"
        };
#undef PART

        return names[part];
}

int dn_part_first(int part) {
#define PART(part_, key_) [DN_##part_] = DN_FIRST_##part_,
        static const int16_t first[DN_PARTS] = {
#include "model/fields.def"
        };

        return first[part];
}

int dn_part_find(struct dn_str name) {
        for (int part = DN_BLOCKS; part < DN_PARTS; part++)
                if (dn_str_equal(dn_part_name(part), name))
                        return part;
        return -ENOENT;
}

int dn_field_find_in(int part, struct dn_str name) {
        for (int id = dn_part_first(part); id < DN_ALL_FIELDS && dn_fields[id].part == part; id++)
                if (dn_str_equal(dn_fields[id].name, name))
                        return id;
        return -ENOENT;
}

/* Of processes and of the whole. */
static int find_plain(struct dn_str name) {
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].nature != DN_INNER && dn_str_equal(dn_fields[id].name, name))
                        return id;
        return -ENOENT;
}

int dn_field_find(struct dn_str name) {
        struct dn_str rest = name, block;
        int id = find_plain(name), part = id < 0 && dn_str_cut(&rest, '.', &block) ? dn_part_find(block) : -ENOENT;

        return part < 0 ? id : dn_field_find_in(part, rest);
}

int dn_field_find_next(struct dn_str name, int *hint) {
        int id = *hint;

        if (id < 0 || id >= DN_FIELDS || dn_fields[id].nature == DN_INNER || !dn_str_equal(dn_fields[id].name, name))
                id = find_plain(name);
        if (id >= 0)
                *hint = id + 1;
        return id;
}

int dn_unit_decimals(int unit) {
        static const uint8_t decimals[DN_UNITS] = {
                [DN_NUMBER] = DN_DECIMALS_NUMBER,   [DN_PERCENT] = DN_DECIMALS_PERCENT,
                [DN_SECONDS] = DN_DECIMALS_SECONDS, [DN_UPTIME] = DN_DECIMALS_UPTIME,
                [DN_BYTES] = DN_DECIMALS_BYTES,     [DN_KIB] = DN_DECIMALS_KIB,
        };

        return decimals[unit];
}

const char *dn_unit_name(int unit) {
        static const char *const names[DN_UNITS] = {
                [DN_NUMBER] = "count",   [DN_PERCENT] = "percent", [DN_SECONDS] = "seconds",
                [DN_UPTIME] = "seconds", [DN_BYTES] = "bytes",     [DN_KIB] = "KiB",
        };

        return names[unit];
}

bool dn_field_is_written(int id, int part) {
        const struct dn_field *f = &dn_fields[id];

        if (part >= DN_BLOCKS || f->part >= DN_BLOCKS)
                return f->part == part;
        return f->nature != DN_INNER && f->part <= part && (part != DN_WHOLE || f->tree != DN_ABSENT);
}

int dn_field_reaped(int id) {
        for (int i = 0; i < DN_FIELDS; i++)
                if (dn_fields[i].of == id && dn_fields[i].nature == DN_INNER)
                        return i;
        return DN_NOTHING;
}
