/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/field.h"

#include <errno.h>

#define ENTRY(id_, part_, name_, unit_, nature_, tree_, time_, of_, words_, whence_, meaning_) \
        [id_] = {.name = {#name_, sizeof(#name_) - 1}, \
                 .whence = (whence_), \
                 .meaning = (meaning_), \
                 .words = (words_), \
                 .part = DN_##part_, \
                 .unit = DN_##unit_, \
                 .nature = (nature_), \
                 .tree = DN_##tree_, \
                 .time = DN_##time_, \
                 .index = (id_)-DN_FIRST_##part_, \
                 .of = (of_)},
#define FIELD(part, name, unit, nature, tree, time, whence, meaning) \
        ENTRY(DN_##name, part, name, unit, DN_##nature, tree, time, DN_NOTHING, NULL, whence, meaning)
#define INNER(part, name, unit, of, whence, meaning) \
        ENTRY(DN_##name, part, name, unit, DN_INNER, ABSENT, LAST, DN_##of, NULL, whence, meaning)
#define BLOCK(part, name, unit, nature, time, whence, meaning) \
        ENTRY(DN_##part##_##name, part, name, unit, DN_##nature, ABSENT, time, DN_NOTHING, NULL, whence, meaning)
#define WORDS(part, name, words, whence, meaning) \
        ENTRY(DN_##part##_##name, part, name, WORDS, DN_GAUGE, ABSENT, LAST, DN_NOTHING, words, whence, meaning)
const struct dn_field dn_fields[DN_ALL_FIELDS] = {
#include "model/fields.def"
};

#define FIELD(part, name, ...) _Static_assert((int)DN_##name < (int)DN_SHOWN, #name " stands before the INNER fields");
#include "model/fields.def"

/* A bit for each field of which HOLDS is true. */
#define BIT(part, name, unit, nature, tree, ...) | (uint64_t)(HOLDS(DN_##part, DN_##nature, DN_##tree)) << DN_##name
#define HOLDS(part, nature, tree) ((nature) == DN_COUNTER)
#define FIELD BIT
const uint64_t dn_counter_bits = 0
#include "model/fields.def"
        ;
#undef HOLDS
#define HOLDS(part, nature, tree) ((nature) == DN_GAUGE)
#define FIELD BIT
const uint64_t dn_gauge_bits = 0
#include "model/fields.def"
        ;
#undef HOLDS
#define HOLDS(part, nature, tree) ((tree) == DN_MAX)
#define FIELD BIT
const uint64_t dn_max_bits = 0
#include "model/fields.def"
        ;
#undef HOLDS
#define HOLDS(part, nature, tree) ((part) == DN_PROCESS)
#define FIELD BIT
static const uint64_t process_bits = 0
#include "model/fields.def"
        ;
#undef HOLDS
#define HOLDS(part, nature, tree) ((tree) != DN_ABSENT)
#define FIELD BIT
static const uint64_t whole_bits = 0
#include "model/fields.def"
        ;

uint64_t dn_written_bits(int part) {
        return part == DN_PROCESS ? process_bits : whole_bits;
}

_Static_assert(DN_FIELDS <= 64, "a row has 64 has-bits");
#define BLOCK(part, name, ...) \
        _Static_assert(DN_##part##_##name - DN_FIRST_##part < DN_FIELDS, "rows have room for those of the whole");
#include "model/fields.def"

#define TEXT_OF(text) \
        { text, sizeof(text) - 1 }
#define PLACE(part_, of_, path_, key_, number_, map_) \
        [DN_##part_] = {TEXT_OF(key_), TEXT_OF(path_), TEXT_OF(number_), map_, of_, DN_FIRST_##part_},
#define PART(part, key) PLACE(part, DN_NOTHING, #key, #key, "", false)
#define PART_IN(part, of, path, key) PLACE(part, DN_##of, #path "." #key, #key, "", false)
#define ROWS_IN(part, of, path, key, number) PLACE(part, DN_##of, #path "." #key, #key, #number, false)
#define MAP_IN(part, of, path, key) PLACE(part, DN_##of, #path "." #key, #key, "", true)
static const struct dn_block blocks[DN_PARTS] = {
        [DN_PROCESS] = {{"", 0}, {"", 0}, {"", 0}, false, DN_NOTHING, 0},
        [DN_WHOLE] = {{"", 0}, {"", 0}, {"", 0}, false, DN_NOTHING, 0},
#include "model/fields.def"
};

const struct dn_block *dn_block(int part) {
        return &blocks[part];
}

struct dn_str dn_part_name(int part) {
        return blocks[part].key;
}

int dn_part_first(int part) {
        return blocks[part].first;
}

int dn_part_find_in(int of, struct dn_str key) {
        for (int part = DN_BLOCKS; part < DN_PARTS; part++)
                if (blocks[part].of == of && dn_str_equal(blocks[part].key, key))
                        return part;
        return -ENOENT;
}

static int find_path(struct dn_str path) {
        for (int part = DN_BLOCKS; part < DN_PARTS; part++)
                if (dn_str_equal(blocks[part].path, path))
                        return part;
        return -ENOENT;
}

int dn_word_find(int id, struct dn_str word) {
        struct dn_str rest = dn_str_of(dn_fields[id].words), one;

        for (int bit = 0; dn_str_word(&rest, &one); bit++)
                if (dn_str_equal(one, word))
                        return bit;
        return -ENOENT;
}

struct dn_str dn_word_at(int id, int bit) {
        struct dn_str rest = dn_str_of(dn_fields[id].words), one;

        while (dn_str_word(&rest, &one))
                if (bit-- == 0)
                        return one;
        return DN_STR("");
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
        struct dn_str path = name, last;
        int id = find_plain(name), part = -ENOENT;

        while (path.n > 0 && path.p[path.n - 1] != '.')
                path.n--;
        if (id >= 0 || path.n == 0)
                return id;
        last = (struct dn_str){path.p + path.n, name.n - path.n};
        path.n--;
        part = find_path(path);
        return part < 0 ? part : dn_field_find_in(part, last);
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
                [DN_NUMBER] = DN_DECIMALS_NUMBER,
                [DN_PERCENT] = DN_DECIMALS_PERCENT,
                [DN_SECONDS] = DN_DECIMALS_SECONDS,
                [DN_UPTIME] = DN_DECIMALS_UPTIME,
                [DN_BYTES] = DN_DECIMALS_BYTES,
                [DN_KIB] = DN_DECIMALS_KIB,
                [DN_FRACTION] = DN_DECIMALS_FRACTION,
                [DN_JOULES] = DN_DECIMALS_JOULES,
                [DN_WATTS] = DN_DECIMALS_WATTS,
                [DN_CELSIUS] = DN_DECIMALS_CELSIUS,
                [DN_MHZ] = DN_DECIMALS_MHZ,
                [DN_NANOSECONDS] = DN_DECIMALS_NANOSECONDS,
                [DN_MILLISECONDS] = DN_DECIMALS_MILLISECONDS,
                [DN_PER_SECOND] = DN_DECIMALS_PER_SECOND,
        };

        return decimals[unit];
}

bool dn_unit_is_text(int unit) {
        return unit == DN_TEXT || unit == DN_LINES;
}

const char *dn_unit_name(int unit) {
        static const char *const names[DN_UNITS] = {
#define UNIT(unit) [DN_##unit] = DN_UNIT_##unit
                UNIT(NUMBER),       UNIT(PERCENT),    UNIT(SECONDS), UNIT(UPTIME),  UNIT(BYTES), UNIT(KIB),
                UNIT(FRACTION),     UNIT(JOULES),     UNIT(WATTS),   UNIT(CELSIUS), UNIT(MHZ),   UNIT(NANOSECONDS),
                UNIT(MILLISECONDS), UNIT(PER_SECOND), UNIT(FLAG),    UNIT(TEXT),    UNIT(LINES), UNIT(WORDS),
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
