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
#define PART(part, key) DN_FIRST_##part, DN_BEFORE_##part = DN_FIRST_##part - 1,
#define BLOCK(part, name, ...) DN_##part##_##name,
#include "model/fields.def"
        DN_ALL_FIELDS,
        DN_FIELDS = DN_FIRST_CGROUP,           /* those of processes and of the whole; the blocks' follow */
        DN_SHOWN = DN_cpu_clock_ns,            /* INNER fields are the last of them: a sample has none */
        DN_ROW_ROOM = (DN_FIELDS + 3) / 4 * 4, /* values in a row: whole vectors of them */
        DN_FIRST_PROCESS = 0,
        DN_FIRST_WHOLE = 0
};

/* A row of DN_WHOLE has the fields of DN_PROCESS and its own; a process's leaves those unknown. The others are blocks
 * of a record. */
enum dn_part {
        DN_PROCESS,
        DN_WHOLE,
#define PART(part, key) DN_##part,
#include "model/fields.def"
        DN_PARTS,
        DN_BLOCKS = DN_WHOLE + 1
};

enum dn_unit {
        DN_NUMBER,
        DN_PERCENT,
        DN_SECONDS,
        DN_UPTIME, /* whole seconds */
        DN_BYTES,
        DN_KIB,
        DN_FRACTION, /* 0 to 1 */
        DN_JOULES,
        DN_WATTS,
        DN_CELSIUS,
        DN_MHZ,
        DN_NANOSECONDS,
        DN_MILLISECONDS,
        DN_PER_SECOND,
        DN_FLAG,  /* 0 or 1, written as false or true */
        DN_TEXT,  /* the value is a pointer: dn_row_text */
        DN_LINES, /* as DN_TEXT, written as an array of its lines */
        DN_WORDS, /* a bit a word of dn_field.words */
        DN_UNITS
};
/* Decimal digits of a unit's printed step: dn_unit_decimals for what is made from fields.def by macros. */
enum {
        DN_DECIMALS_NUMBER = 0,
        DN_DECIMALS_PERCENT = 2,
        DN_DECIMALS_SECONDS = 6,
        DN_DECIMALS_UPTIME = 0,
        DN_DECIMALS_BYTES = 0,
        DN_DECIMALS_KIB = 0,
        DN_DECIMALS_FRACTION = 4,
        DN_DECIMALS_JOULES = 6,
        DN_DECIMALS_WATTS = 3,
        DN_DECIMALS_CELSIUS = 0,
        DN_DECIMALS_MHZ = 0,
        DN_DECIMALS_NANOSECONDS = 0,
        DN_DECIMALS_MILLISECONDS = 3,
        DN_DECIMALS_PER_SECOND = 2,
        DN_DECIMALS_FLAG = 0,
        DN_DECIMALS_LINES = 0,
        DN_DECIMALS_TEXT = 0,
        DN_DECIMALS_WORDS = 0
};
/* Its name, for what is made from fields.def by macros. */
#define DN_UNIT_NUMBER "count"
#define DN_UNIT_PERCENT "percent"
#define DN_UNIT_SECONDS "seconds"
#define DN_UNIT_UPTIME "seconds"
#define DN_UNIT_BYTES "bytes"
#define DN_UNIT_KIB "KiB"
#define DN_UNIT_FRACTION "fraction"
#define DN_UNIT_JOULES "joules"
#define DN_UNIT_WATTS "watts"
#define DN_UNIT_CELSIUS "degrees Celsius"
#define DN_UNIT_MHZ "MHz"
#define DN_UNIT_NANOSECONDS "nanoseconds"
#define DN_UNIT_MILLISECONDS "milliseconds"
#define DN_UNIT_PER_SECOND "per second"
#define DN_UNIT_FLAG "true or false"
#define DN_UNIT_LINES "texts"
#define DN_UNIT_TEXT "text"
#define DN_UNIT_WORDS "words"
enum dn_nature {
        DN_COUNTER,
        DN_GAUGE,
        DN_PEAK,
        DN_DERIVED,
        DN_INNER, /* read, never written */
        DN_DELTA  /* of blocks: a counter that a sample has what came since the one before of, an exit record all */
};
enum dn_tree { DN_ABSENT, DN_SUM, DN_MAX, DN_AGAIN, DN_TOTAL, DN_FOLDED };
enum dn_time { DN_LAST, DN_MEAN, DN_GREATEST };

struct dn_field {
        struct dn_str name;
        const char *whence, *meaning;
        const char *words; /* of WORDS: a blank between two */
        uint8_t part, unit, nature, tree, time;
        uint8_t index; /* the place in a row of its part; of DN_PROCESS and DN_WHOLE the id */
        int16_t of;    /* INNER: the field whose total it completes; else DN_NOTHING */
};

extern const struct dn_field dn_fields[DN_ALL_FIELDS];

/* The same facts of all fields of processes and of the whole at once, as the has-bits of a row. */
extern const uint64_t dn_counter_bits, dn_gauge_bits, dn_max_bits;
uint64_t dn_written_bits(int part); /* DN_PROCESS or DN_WHOLE: as dn_field_is_written says */

/* In a row of its part. */
static inline int dn_field_index(int id) {
        return id < DN_FIELDS ? id : dn_fields[id].index;
}

/* A block: an object, or one of many rows, of the record or within another block. */
struct dn_block {
        struct dn_str key, path; /* "devices", "gpu.devices" */
        struct dn_str number;    /* of an array of rows: the member that a row's key number stands in; else empty */
        bool map;                /* of many rows: an object, whose members are named by their keys (dn_key_name) */
        int16_t of;              /* the block that it stands in, or DN_NOTHING */
        int16_t first;           /* of its fields */
};
const struct dn_block *dn_block(int part); /* DN_BLOCKS and what follows */

/* Its key in a record ("" of processes and of the whole), and the first of its fields. */
struct dn_str dn_part_name(int part);
int dn_part_first(int part);
/* The block with this key within another, or at the top (DN_NOTHING); -ENOENT. */
int dn_part_find_in(int of, struct dn_str key);

static inline bool dn_part_has_rows(int part) {
        return dn_block(part)->number.n > 0 || dn_block(part)->map;
}

/* A word of a field of WORDS: the bit that it is, or -ENOENT; and the word of a bit, empty where there is none. */
int dn_word_find(int id, struct dn_str word);
struct dn_str dn_word_at(int id, int bit);

/* "mem_rss_kb", "cgroup.cpu_secs", "gpu.devices.temperature": its id, or -ENOENT. An INNER field is not found. */
int dn_field_find(struct dn_str name);
/* In one block, by the name alone. */
int dn_field_find_in(int part, struct dn_str name);

/* Of processes and of the whole, where the names come in the order that they came in last time, as they do in records:
 * *hint is where to look first, and is moved on. Begin with 0. */
int dn_field_find_next(struct dn_str name, int *hint);

/* Decimal digits of the unit's printed step, and its name. */
int dn_unit_decimals(int unit);
bool dn_unit_is_text(int unit); /* the value is a pointer to text */
const char *dn_unit_name(int unit);

/* Written in records of this part's rows (an INNER one never is, an ABSENT one not of the whole). */
bool dn_field_is_written(int id, int part);

/* The INNER field that completes this one's total, or DN_NOTHING. */
int dn_field_reaped(int id);
