/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/row.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const uint32_t row_size = sizeof(struct dn_row) + DN_ROW_ROOM * sizeof(int64_t);

struct dn_str dn_key_name(struct dn_key key, char buffer[DN_KEY_NAME]) {
        int n = key.start == 0 ? snprintf(buffer, DN_KEY_NAME, "%lld", (long long)key.pid)
                               : snprintf(buffer, DN_KEY_NAME, "%lld:%llu", (long long)key.pid,
                                          (unsigned long long)key.start - 1);

        return (struct dn_str){buffer, (size_t)n};
}

bool dn_key_of(struct dn_str name, struct dn_key *ret_key) {
        uint64_t pid, tid = 0;
        struct dn_str first;
        bool thread;

        if (!dn_str_cut(&name, ':', &first) || !dn_str_u64(first, &pid) || pid > INT64_MAX)
                return false;
        thread = first.p + first.n < name.p;
        if (thread && (!dn_str_u64(name, &tid) || tid == UINT64_MAX))
                return false;
        *ret_key = (struct dn_key){(int64_t)pid, thread ? tid + 1 : 0};
        return true;
}

struct dn_row *dn_row_new(void) {
        return calloc(1, row_size);
}

static int make_room(struct dn_table *table, uint32_t n) {
        uint32_t room = table->room ? table->room : 8;
        unsigned char *rows;

        while (room < n)
                room *= 2;
        if (room == table->room)
                return 0;
        rows = realloc(table->rows, (size_t)room * table->width);
        if (!rows)
                return -ENOMEM;
        table->rows = rows;
        table->room = room;
        return 0;
}

struct dn_row *dn_table_add(struct dn_table *table) {
        struct dn_row *row;

        if (table->width == 0)
                table->width = row_size;
        if (make_room(table, table->n + 1) < 0)
                return NULL;
        row = dn_table_row(table, table->n++);
        memset(row, 0, table->width);
        return row;
}

struct dn_row *dn_block_add(struct dn_table parts[DN_PARTS], int part) {
        struct dn_row *row = dn_table_add(&parts[part]);

        if (row) {
                row->block = (uint8_t)part;
                row->name = DN_STR("");
        }
        return row;
}

struct dn_row *dn_block_row(struct dn_table parts[DN_PARTS], int part) {
        return parts[part].n > 0 ? dn_table_row(&parts[part], 0) : dn_block_add(parts, part);
}

const struct dn_row *dn_table_find(const struct dn_table *table, struct dn_key key, uint32_t hint) {
        if (hint < table->n && dn_key_equal(dn_table_row(table, hint)->key, key))
                return dn_table_row(table, hint);
        for (uint32_t i = 0; i < table->n; i++)
                if (dn_key_equal(dn_table_row(table, i)->key, key))
                        return dn_table_row(table, i);
        return NULL;
}

int dn_table_reserve(struct dn_table *table, uint32_t n, uint32_t width) {
        table->width = width;
        return n == 0 ? 0 : make_room(table, n);
}

int dn_table_copy(struct dn_table *to, const struct dn_table *from) {
        to->n = 0;
        if (dn_table_reserve(to, from->n, from->width) < 0)
                return -ENOMEM;
        if (from->n > 0)
                memcpy(to->rows, from->rows, (size_t)from->n * from->width);
        to->n = from->n;
        return 0;
}

void dn_table_free(struct dn_table *table) {
        free(table->rows);
        *table = (struct dn_table){0};
}
