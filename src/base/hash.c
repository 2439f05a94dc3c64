/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

void dn_hash_free(struct dn_hash *hash) {
        free(hash->places);
        *hash = (struct dn_hash){0};
}

static size_t home(const struct dn_hash *hash, uint64_t key) {
        key ^= key >> 32;
        key *= 0x9e3779b97f4a7c15ULL;
        return (size_t)(key >> 32) & (hash->room - 1);
}

/* The place that holds the key, or the free one where it would go. The table is never full. */
static struct dn_hash_place *find(const struct dn_hash *hash, uint64_t key) {
        size_t i = home(hash, key);

        while (hash->places[i].used && hash->places[i].key != key)
                i = (i + 1) & (hash->room - 1);
        return &hash->places[i];
}

static int grow(struct dn_hash *hash) {
        struct dn_hash larger = {.n = hash->n, .room = hash->room ? hash->room * 2 : 16};

        larger.places = calloc(larger.room, sizeof(*larger.places));
        if (!larger.places)
                return -ENOMEM;
        for (size_t i = 0; i < hash->room; i++)
                if (hash->places[i].used)
                        *find(&larger, hash->places[i].key) = hash->places[i];
        free(hash->places);
        *hash = larger;
        return 0;
}

int dn_hash_set(struct dn_hash *hash, uint64_t key, uint32_t value) {
        struct dn_hash_place *place;

        if (hash->n * 4 >= hash->room * 3 && grow(hash) < 0)
                return -ENOMEM;
        place = find(hash, key);
        hash->n += !place->used;
        *place = (struct dn_hash_place){key, value, true};
        return 0;
}

bool dn_hash_get(const struct dn_hash *hash, uint64_t key, uint32_t *ret_value) {
        struct dn_hash_place *place = hash->room ? find(hash, key) : NULL;

        if (!place || !place->used)
                return false;
        *ret_value = place->value;
        return true;
}

void dn_hash_remove(struct dn_hash *hash, uint64_t key) {
        struct dn_hash_place *hole = hash->room ? find(hash, key) : NULL;
        size_t i, hole_at;

        if (!hole || !hole->used)
                return;
        hole_at = (size_t)(hole - hash->places);
        /* What stands behind the hole moves into it, unless it already stands nearer to its home. */
        for (i = (hole_at + 1) & (hash->room - 1); hash->places[i].used; i = (i + 1) & (hash->room - 1)) {
                size_t h = home(hash, hash->places[i].key);

                if (((i - h) & (hash->room - 1)) < ((i - hole_at) & (hash->room - 1)))
                        continue;
                hash->places[hole_at] = hash->places[i];
                hole_at = i;
        }
        hash->places[hole_at].used = false;
        hash->n--;
}
