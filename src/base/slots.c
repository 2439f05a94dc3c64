/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/slots.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

void *dn_slots_reserve(void *array, uint32_t *room, uint32_t slot, size_t width) {
        uint32_t larger = *room ? *room : FIRST_ROOM;
        char *moved;

        if (slot < *room)
                return array;
        /* By a quarter: what is not used of it counts, where thousands of processes are watched. */
        while (larger <= slot)
                if (__builtin_add_overflow(larger, larger / 4, &larger))
                        return NULL;
        moved = reallocarray(array, larger, width);
        if (!moved)
                return NULL;
        memset(moved + *room * width, 0, (larger - *room) * width);
        *room = larger;
        return moved;
}
