/* SPDX-License-Identifier: GPL-3.0-or-later
 * The field table: what each number is, where it comes from, and how it folds. Made from fields.def.
 * A value is an int64_t in its unit's smallest printed step (SECONDS: 1 us), so what is written reads back to the bit,
 * no double is ever formatted, and a run and its file give the same summary. */
#pragma once
#include "base/str.h"

enum dn_field_id {
        DN_NOTHING = -1,
#define FIELD(part, name, ...) DN_##name,
#define INNER FIELD
#include "model/fields.def"
#undef FIELD
#undef INNER
        DN_FIELDS
};

/* A row of DN_WHOLE has the fields of DN_PROCESS and its own; a process's leaves those unknown. */
enum dn_part { DN_PROCESS, DN_WHOLE, DN_PARTS };
enum dn_unit { DN_NUMBER, DN_PERCENT, DN_SECONDS, DN_UPTIME /* whole seconds */, DN_BYTES, DN_KIB, DN_UNITS };
enum dn_nature { DN_COUNTER, DN_GAUGE, DN_PEAK, DN_DERIVED, DN_INNER /* read, never written */ };
enum dn_tree { DN_ABSENT, DN_SUM, DN_MAX, DN_AGAIN, DN_TOTAL, DN_FOLDED };
enum dn_time { DN_LAST, DN_MEAN, DN_GREATEST };

struct dn_field {
        struct dn_str name;
        const char *whence, *meaning;
        uint8_t part, unit, nature, tree, time;
        int16_t of; /* INNER: the field whose total it completes; else DN_NOTHING */
};

extern const struct dn_field dn_fields[DN_FIELDS];

int dn_field_find(struct dn_str name); /* its id, or -ENOENT. An INNER field is not found */

/* The same, where the names come in the order that they came in last time, as they do in records: *hint is where to
 * look first, and is moved on. Begin with 0. */
int dn_field_find_next(struct dn_str name, int *hint);

/* Decimal digits of the unit's printed step, and its name. */
int dn_unit_decimals(int unit);
const char *dn_unit_name(int unit);

/* Written in records of this part's rows (an INNER one never is, an ABSENT one not of the whole). */
bool dn_field_is_written(int id, int part);

/* The INNER field that completes this one's total, or DN_NOTHING. */
int dn_field_reaped(int id);
