/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/members.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdlib.h>

/* One more slot than ever before. */
static int grow(struct dn_members *m) {
        struct dn_member *fresh;

        if (m->n == m->room) {
                uint32_t room = m->room ? m->room * 2 : 16;
                struct dn_member **by_slot = realloc(m->by_slot, room * sizeof(struct dn_member *));
                uint32_t *free_slots;

                if (!by_slot)
                        return -ENOMEM;
                m->by_slot = by_slot;
                free_slots = realloc(m->free, room * sizeof(*free_slots));
                if (!free_slots)
                        return -ENOMEM;
                m->free = free_slots;
                m->room = room;
        }
        fresh = calloc(1, sizeof(*fresh));
        if (!fresh)
                return -ENOMEM;
        fresh->slot = m->n;
        m->by_slot[m->n] = fresh;
        m->free[m->n_free++] = m->n++;
        return 0;
}

int dn_members_add(struct dn_members *m, struct dn_key key, struct dn_member **ret_member) {
        struct dn_member *member;

        if (m->n_free == 0 && grow(m) < 0)
                return -ENOMEM;
        member = m->by_slot[m->free[m->n_free - 1]];
        if (dn_hash_set(&m->by_pid, (uint64_t)key.pid, member->slot) < 0)
                return -ENOMEM;
        m->n_free--;
        member->key = key;
        member->used = true;
        member->raw_size = member->name_size = 0;
        member->name[0] = '\0';
        *ret_member = member;
        return 0;
}

struct dn_member *dn_members_find(const struct dn_members *m, int64_t pid) {
        uint32_t slot;

        return dn_hash_get(&m->by_pid, (uint64_t)pid, &slot) ? m->by_slot[slot] : NULL;
}

void dn_members_remove(struct dn_members *m, uint32_t slot) {
        struct dn_member *member = m->by_slot[slot];

        if (!member->used)
                return;
        /* The pid may have been used again, and then names another member. */
        if (dn_members_find(m, member->key.pid) == member)
                dn_hash_remove(&m->by_pid, (uint64_t)member->key.pid);
        member->used = false;
        m->free[m->n_free++] = slot;
}

static bool is_long(const struct dn_member *member) {
        return member->raw_size > DN_NAME_USUAL;
}

static struct dn_str raw_of(const struct dn_member *member) {
        return (struct dn_str){is_long(member) ? member->longer->raw : member->raw, member->raw_size};
}

struct dn_str dn_member_name(const struct dn_member *member) {
        return (struct dn_str){is_long(member) ? member->longer->name : member->name, member->name_size};
}

static struct dn_long_name *longer_of(struct dn_member *member) {
        if (!member->longer)
                member->longer = malloc(sizeof(*member->longer));
        return member->longer;
}

struct dn_str dn_member_rename(struct dn_member *member, struct dn_str raw) {
        struct dn_long_name *longer = raw.n > DN_NAME_USUAL ? longer_of(member) : NULL;
        size_t most = longer ? DN_NAME_MAX : DN_NAME_USUAL;
        struct dn_str own = {longer ? longer->raw : member->raw, raw.n < most ? raw.n : most};
        /* Room for the worst case: each byte becomes U+FFFD, of three bytes. It never grows. */
        struct dn_text clean = {.p = longer ? longer->name : member->name, .room = 3 * most + 1};

        memcpy(longer ? longer->raw : member->raw, raw.p, own.n);
        dn_utf8_put(&clean, own);
        clean.p[clean.n] = '\0';
        member->raw_size = (uint8_t)own.n;
        member->name_size = (uint8_t)clean.n;
        return dn_text_str(&clean);
}

bool dn_member_is_named(const struct dn_member *member, struct dn_str raw) {
        return dn_str_equal(raw_of(member), raw);
}

void dn_members_free(struct dn_members *m) {
        for (uint32_t i = 0; i < m->n; i++) {
                free(m->by_slot[i]->longer);
                free(m->by_slot[i]);
        }
        free(m->by_slot);
        free(m->free);
        dn_hash_free(&m->by_pid);
        *m = (struct dn_members){0};
}
