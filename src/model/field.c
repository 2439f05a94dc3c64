/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/field.h"

#include <errno.h>

#define FIELD(part_, name_, unit_, nature_, tree_, time_, whence_, meaning_) \
        [DN_##name_] = {.name = {#name_, sizeof(#name_) - 1}, \
                        .whence = (whence_), \
                        .meaning = (meaning_), \
                        .part = DN_##part_, \
                        .unit = DN_##unit_, \
                        .nature = DN_##nature_, \
                        .tree = DN_##tree_, \
                        .time = DN_##time_, \
                        .of = DN_NOTHING},
#define INNER(part_, name_, unit_, of_, whence_, meaning_) \
        [DN_##name_] = {.name = {#name_, sizeof(#name_) - 1}, \
                        .whence = (whence_), \
                        .meaning = (meaning_), \
                        .part = DN_##part_, \
                        .unit = DN_##unit_, \
                        .nature = DN_INNER, \
                        .tree = DN_ABSENT, \
                        .time = DN_LAST, \
                        .of = DN_##of_},
const struct dn_field dn_fields[DN_FIELDS] = {
#include "model/fields.def"
};
#undef FIELD
#undef INNER

_Static_assert(DN_FIELDS <= 64, "a row has 64 has-bits");

int dn_field_find(struct dn_str name) {
        for (int id = 0; id < DN_FIELDS; id++)
                if (dn_fields[id].nature != DN_INNER && dn_str_equal(dn_fields[id].name, name))
                        return id;
        return -ENOENT;
}

int dn_field_find_next(struct dn_str name, int *hint) {
        int id = *hint;

        if (id < 0 || id >= DN_FIELDS || dn_fields[id].nature == DN_INNER || !dn_str_equal(dn_fields[id].name, name))
                id = dn_field_find(name);
        if (id >= 0)
                *hint = id + 1;
        return id;
}

int dn_unit_decimals(int unit) {
        static const uint8_t decimals[DN_UNITS] = {[DN_PERCENT] = 2, [DN_SECONDS] = 6};

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

        return f->nature != DN_INNER && f->part <= part && (part != DN_WHOLE || f->tree != DN_ABSENT);
}

int dn_field_reaped(int id) {
        for (int i = 0; i < DN_FIELDS; i++)
                if (dn_fields[i].of == id && dn_fields[i].nature == DN_INNER)
                        return i;
        return DN_NOTHING;
}
