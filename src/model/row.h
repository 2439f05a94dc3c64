/* SPDX-License-Identifier: GPL-3.0-or-later
 * One thing measured, and tables of them. */
#pragma once
#include "model/field.h"

/* Who it is. Of a process: its pid and start time (clock ticks since boot, /proc/PID/stat field 22), so that a pid
 * used again is somebody else. Of a device or syscall: its number and 0. In a map, where there are no start times, of a
 * process its pid and 0, of a thread its process's pid, and 1 more than its own. */
struct dn_key {
        int64_t pid;
        uint64_t start;
};

struct dn_row {
        struct dn_key key, parent;
        struct dn_str name; /* comm; of the member, or of the line that it was read from */
        int64_t read_ns;    /* when, by the monotonic clock: a row's rate is over its own two readings */
        uint32_t slot;      /* its own as long as it lives: the index of all that is kept by process */
        uint32_t changed;   /* the last snapshot or sample in which a value of it changed */
        uint32_t admitted;  /* the snapshot that it was new in */
        uint8_t block;      /* the part that it is of, where that is a block; else 0 */
        bool gone;          /* vanished in this pass: not listed, and left out of the next snapshot */
        uint64_t has;       /* a bit a value */
        int64_t v[];        /* the fields of its part, by dn_field_index; so are the bits. 0 where it has none */
};

struct dn_table {
        unsigned char *rows;
        uint32_t n, room, width; /* width: of a row in bytes, 0 until the first is added */
};

static inline bool dn_key_equal(struct dn_key a, struct dn_key b) {
        return a.pid == b.pid && a.start == b.start;
}

/* Of a row of a map: "PID", or "PID:TID". It stands in the buffer. */
enum { DN_KEY_NAME = 44 };
struct dn_str dn_key_name(struct dn_key key, char buffer[DN_KEY_NAME]);
/* And back; false, and nothing said, where it is no such name. */
bool dn_key_of(struct dn_str name, struct dn_key *ret_key);

static inline bool dn_row_has(const struct dn_row *row, int id) {
        return row->has >> dn_field_index(id) & 1;
}

static inline bool dn_row_get(const struct dn_row *row, int id, int64_t *ret_value) {
        if (!dn_row_has(row, id))
                return false;
        *ret_value = row->v[dn_field_index(id)];
        return true;
}

/* The value, or 0 where it is not known: for sums. */
static inline int64_t dn_row_or_zero(const struct dn_row *row, int id) {
        return dn_row_has(row, id) ? row->v[dn_field_index(id)] : 0;
}

/* Notes the value, and in `changed` whether it is another than before. `number` is the snapshot's. */
static inline void dn_row_set(struct dn_row *row, int id, int64_t value, uint32_t number) {
        int index = dn_field_index(id);

        if ((row->has >> index & 1) && row->v[index] == value)
                return;
        row->v[index] = value;
        row->has |= UINT64_C(1) << index;
        row->changed = number;
}

static inline void dn_row_unset(struct dn_row *row, int id, uint32_t number) {
        if (dn_row_has(row, id))
                row->changed = number;
        row->has &= ~(UINT64_C(1) << dn_field_index(id));
        row->v[dn_field_index(id)] = 0;
}

/* A field of TEXT: what ends in NUL, and lives as long as the row and all that are copied from it: a constant, or of
 * the state of a source, of which each has one place for one text. NULL: not known. */
static inline void dn_row_set_text(struct dn_row *row, int id, const char *text, uint32_t number) {
        if (text)
                dn_row_set(row, id, (int64_t)(intptr_t)text, number);
        else
                dn_row_unset(row, id, number);
}

static inline const char *dn_row_text(const struct dn_row *row, int id) {
        return dn_row_has(row, id) ? (const char *)(intptr_t)row->v[dn_field_index(id)] : NULL;
}

/* One on its own, zeroed; NULL without memory. The caller frees it. */
struct dn_row *dn_row_new(void);

static inline struct dn_row *dn_table_row(const struct dn_table *table, uint32_t i) {
        return (struct dn_row *)(void *)(table->rows + (size_t)i * table->width);
}

/* One more row, zeroed, at the end; pointers to other rows may move. NULL without memory. */
struct dn_row *dn_table_add(struct dn_table *table);
/* One more row of this block, at the end; pointers to others may move. NULL without memory. */
struct dn_row *dn_block_add(struct dn_table parts[DN_PARTS], int part);
/* The one row of this block, made where there is none. NULL without memory. */
struct dn_row *dn_block_row(struct dn_table parts[DN_PARTS], int part);
/* The row of the same key, NULL where there is none. `hint` is where it stood last time: looked at first. */
const struct dn_row *dn_table_find(const struct dn_table *table, struct dn_key key, uint32_t hint);
int dn_table_copy(struct dn_table *to, const struct dn_table *from); /* 0 or -ENOMEM */
/* Room for n rows of that width; what stands there is kept. 0 or -ENOMEM. */
int dn_table_reserve(struct dn_table *table, uint32_t n, uint32_t width);
void dn_table_free(struct dn_table *table);
