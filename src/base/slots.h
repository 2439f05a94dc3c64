/* SPDX-License-Identifier: GPL-3.0-or-later
 * Arrays by slot: what is kept of each process lies in arrays, by the small number that the process has for life. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The array, with room for this slot: moved and zeroed where it had to grow, *room with it. NULL without memory; the
 * array then stands as it was. Begin with NULL and 0. */
void *dn_slots_reserve(void *array, uint32_t *room, uint32_t slot, size_t width);
