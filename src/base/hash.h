/* SPDX-License-Identifier: GPL-3.0-or-later
 * A number to a number: open addressing, linear probing, deletion by shifting back. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dn_hash_place {
        uint64_t key;
        uint32_t value;
        bool used;
};

struct dn_hash {
        struct dn_hash_place *places;
        size_t n, room; /* room is a power of two, or 0 */
};

void dn_hash_free(struct dn_hash *hash);
int dn_hash_set(struct dn_hash *hash, uint64_t key, uint32_t value); /* 0 or -ENOMEM */
bool dn_hash_get(const struct dn_hash *hash, uint64_t key, uint32_t *ret_value);
void dn_hash_remove(struct dn_hash *hash, uint64_t key);
