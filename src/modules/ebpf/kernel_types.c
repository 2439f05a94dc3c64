/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/kernel_types.h"
#include "base/guard.h"
#include "base/hash.h"
#include "base/slots.h"

#include <linux/btf.h>

enum {
        STRIDE = 64,    /* of so many types the place of one is kept */
        BUCKETS = 1024, /* of names */
        BITS = 1 << 16,
        NAME_MOST = 512, /* linux/kallsyms.h KSYM_NAME_LEN */
};

/* A name that is looked for. */
struct wanted {
        struct dn_str name;
        uint32_t next; /* in its bucket, from 1 */
        struct dn_kernel_number *number;
};

struct extract {
        struct dn_str types, strings;
        struct wanted *wanted;
        uint32_t n_wanted;
        uint32_t buckets[BUCKETS]; /* the first in each, from 1 */
        struct dn_hash by_offset;  /* of wanted */
        uint64_t near[BITS / 64];  /* bits of the offsets that are wanted, modulo: most types are none of them */
        uint32_t *places;          /* of every STRIDEth type, from the first */
        uint32_t n_places, n_types;
        struct dn_hash numbers; /* the kernel's number to ours … */
        uint32_t *taken;        /* … and back, in the order of ours */
        uint32_t n_taken, room;
        struct dn_text out, names;
};

/* ---------------------------------------------------------------------------------------------------- reading a type
 */

/* What stands behind a type, in bytes; -1: a kind that we do not know. */
static int64_t size_behind(const struct btf_type *type) {
        uint32_t n = BTF_INFO_VLEN(type->info);

        switch (BTF_INFO_KIND(type->info)) {
        case BTF_KIND_INT: return sizeof(uint32_t);
        case BTF_KIND_ARRAY: return sizeof(struct btf_array);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION: return (int64_t)n * (int64_t)sizeof(struct btf_member);
        case BTF_KIND_ENUM: return (int64_t)n * (int64_t)sizeof(struct btf_enum);
        case BTF_KIND_ENUM64: return (int64_t)n * (int64_t)sizeof(struct btf_enum64);
        case BTF_KIND_FUNC_PROTO: return (int64_t)n * (int64_t)sizeof(struct btf_param);
        case BTF_KIND_VAR: return sizeof(struct btf_var);
        case BTF_KIND_DATASEC: return (int64_t)n * (int64_t)sizeof(struct btf_var_secinfo);
        case BTF_KIND_DECL_TAG: return sizeof(struct btf_decl_tag);
        case BTF_KIND_PTR:
        case BTF_KIND_FWD:
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_CONST:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_FUNC:
        case BTF_KIND_FLOAT:
        case BTF_KIND_TYPE_TAG: return 0;
        default: return -1;
        }
}

/* The type at this place, whole; the place behind it. NULL: there is none. */
static const struct btf_type *type_at(const struct extract *x, uint32_t place, uint32_t *ret_behind) {
        const struct btf_type *type;
        int64_t behind;

        if (place > x->types.n || x->types.n - place < sizeof(*type))
                return NULL;
        type = (const struct btf_type *)(const void *)(x->types.p + place);
        behind = size_behind(type);
        if (behind < 0 || (uint64_t)behind > x->types.n - place - sizeof(*type))
                return NULL;
        *ret_behind = place + (uint32_t)sizeof(*type) + (uint32_t)behind;
        return type;
}

static const struct btf_type *type_of(const struct extract *x, uint32_t id) {
        uint32_t place, behind = 0;
        const struct btf_type *type;

        if (id == 0 || id > x->n_types)
                return NULL;
        place = x->places[(id - 1) / STRIDE];
        type = type_at(x, place, &behind);
        for (uint32_t n = (id - 1) % STRIDE; n > 0 && type; n--)
                type = type_at(x, behind, &behind);
        return type;
}

static struct dn_str string_at(const struct extract *x, uint32_t offset) {
        size_t room = offset < x->strings.n ? x->strings.n - offset : 0;

        return room == 0 ? DN_STR("")
                         : (struct dn_str){x->strings.p + offset,
                                           strnlen(x->strings.p + offset, room < NAME_MOST ? room : NAME_MOST)};
}

/* ------------------------------------------------------------------------------------------------- what is looked for
 */

static uint32_t bucket_of(struct dn_str s) {
        uint32_t first = (uint8_t)s.p[0], middle = (uint8_t)s.p[s.n / 2], last = (uint8_t)s.p[s.n - 1];

        return (first * 31 + middle * 13 + last * 7 + (uint32_t)s.n) % BUCKETS;
}

static void want(struct extract *x, struct dn_str name, struct dn_kernel_number *number) {
        struct wanted *w = &x->wanted[x->n_wanted];
        uint32_t *head;

        if (name.n == 0)
                return;
        head = &x->buckets[bucket_of(name)];
        *w = (struct wanted){.name = name, .next = *head, .number = number};
        *head = ++x->n_wanted;
}

/* Each name stands once among the strings. */
static int place_names(struct extract *x) {
        struct dn_str rest = x->strings, s;

        while (dn_str_cut(&rest, '\0', &s)) {
                if (s.n == 0)
                        continue;
                for (uint32_t i = x->buckets[bucket_of(s)]; i > 0; i = x->wanted[i - 1].next) {
                        uint32_t offset = (uint32_t)(s.p - x->strings.p);

                        if (!dn_str_equal(x->wanted[i - 1].name, s))
                                continue;
                        x->near[offset % BITS / 64] |= 1ULL << offset % 64;
                        if (dn_hash_set(&x->by_offset, offset, i - 1) < 0)
                                return -ENOMEM;
                        break;
                }
        }
        return 0;
}

/* ---------------------------------------------------------------------------------------------------------- one pass
 */

/* Our number of a type that belongs in the extract; it has one from now on. */
static int take(struct extract *x, uint32_t id, uint32_t *ret_number) {
        uint32_t *taken;

        *ret_number = 0;
        if (id == 0 || dn_hash_get(&x->numbers, id, ret_number))
                return 0;
        taken = dn_slots_reserve(x->taken, &x->room, x->n_taken, sizeof(*taken));
        if (!taken)
                return -ENOMEM;
        x->taken = taken;
        taken[x->n_taken] = id;
        *ret_number = ++x->n_taken;
        return dn_hash_set(&x->numbers, id, *ret_number);
}

static int meet(struct extract *x, const struct btf_type *type, uint32_t id) {
        uint32_t offset = type->name_off, i, number;

        if (!(x->near[offset % BITS / 64] >> offset % 64 & 1) || !dn_hash_get(&x->by_offset, offset, &i))
                return 0;
        switch (BTF_INFO_KIND(type->info)) {
        case BTF_KIND_FUNC:
                if (x->wanted[i].number)
                        x->wanted[i].number->id = id;
                return 0;
        case BTF_KIND_TYPEDEF:
                if (x->wanted[i].number) {
                        x->wanted[i].number->id = id;
                        return 0;
                }
                return take(x, id, &number);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
        case BTF_KIND_ENUM:
        case BTF_KIND_ENUM64: return x->wanted[i].number ? 0 : take(x, id, &number);
        default: return 0;
        }
}

static int pass(struct extract *x) {
        uint32_t most = (uint32_t)(x->types.n / sizeof(struct btf_type)) + 1, place = 0;
        int r = 0;

        x->places = calloc(most / STRIDE + 1, sizeof(*x->places));
        if (!x->places)
                return -ENOMEM;
        while (r == 0 && place < x->types.n) {
                const struct btf_type *type;

                if (x->n_types % STRIDE == 0)
                        x->places[x->n_places++] = place;
                type = type_at(x, place, &place);
                if (!type)
                        return -EBADMSG;
                r = meet(x, type, ++x->n_types);
        }
        return r;
}

/* ------------------------------------------------------------------------------------------------------- the extract
 */

static void put(struct dn_text *text, const void *bytes, size_t n) {
        dn_text_put(text, (struct dn_str){bytes, n});
}

static uint32_t put_name(struct extract *x, uint32_t offset) {
        struct dn_str s = string_at(x, offset);
        uint32_t at = (uint32_t)x->names.n;

        if (s.n == 0)
                return 0;
        dn_text_put(&x->names, s);
        dn_text_put_char(&x->names, '\0');
        return at;
}

static int put_members(struct extract *x, const struct btf_type *type) {
        const struct btf_member *members = (const struct btf_member *)(type + 1);
        int r = 0;

        for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info) && r == 0; i++) {
                struct btf_member member = members[i];

                r = take(x, members[i].type, &member.type);
                member.name_off = put_name(x, members[i].name_off);
                put(&x->out, &member, sizeof(member));
        }
        return r;
}

static int put_array(struct extract *x, const struct btf_type *type) {
        struct btf_array array = *(const struct btf_array *)(type + 1);
        int r = take(x, array.type, &array.type);

        if (r == 0)
                r = take(x, array.index_type, &array.index_type);
        put(&x->out, &array, sizeof(array));
        return r;
}

static void put_values(struct extract *x, const struct btf_type *type) {
        const struct btf_enum *values = (const struct btf_enum *)(type + 1);

        for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++) {
                struct btf_enum value = {put_name(x, values[i].name_off), values[i].val};

                put(&x->out, &value, sizeof(value));
        }
}

static void put_long_values(struct extract *x, const struct btf_type *type) {
        const struct btf_enum64 *values = (const struct btf_enum64 *)(type + 1);

        for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++) {
                struct btf_enum64 value = values[i];

                value.name_off = put_name(x, values[i].name_off);
                put(&x->out, &value, sizeof(value));
        }
}

/* Points to nothing that is described: so is a pointer, and what no structure holds. */
static int put_pointer(struct extract *x) {
        struct btf_type pointer = {.info = (uint32_t)BTF_KIND_PTR << 24};

        put(&x->out, &pointer, sizeof(pointer));
        return 0;
}

static int put_type(struct extract *x, const struct btf_type *type) {
        struct btf_type copy = *type;
        uint32_t kind = BTF_INFO_KIND(type->info);
        int r;

        switch (kind) {
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_CONST:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_TYPE_TAG:
                r = take(x, type->type, &copy.type);
                if (r < 0)
                        return r;
                break;
        case BTF_KIND_INT:
        case BTF_KIND_FLOAT:
        case BTF_KIND_FWD:
        case BTF_KIND_ARRAY:
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
        case BTF_KIND_ENUM:
        case BTF_KIND_ENUM64: break;
        default: return put_pointer(x);
        }
        copy.name_off = put_name(x, type->name_off);
        put(&x->out, &copy, sizeof(copy));
        switch (kind) {
        case BTF_KIND_INT: put(&x->out, type + 1, sizeof(uint32_t)); return 0;
        case BTF_KIND_ARRAY: return put_array(x, type);
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION: return put_members(x, type);
        case BTF_KIND_ENUM: put_values(x, type); return 0;
        case BTF_KIND_ENUM64: put_long_values(x, type); return 0;
        default: return 0;
        }
}

/* Those that are taken, and those that are taken with them. */
static int put_all(struct extract *x, struct dn_text *ret_btf) {
        struct btf_header header = {.magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(header)};
        int r = 0;

        dn_text_put_char(&x->names, '\0');
        for (uint32_t i = 0; i < x->n_taken && r == 0; i++) {
                const struct btf_type *type = type_of(x, x->taken[i]);

                r = type ? put_type(x, type) : -EBADMSG;
        }
        header.type_len = header.str_off = (uint32_t)x->out.n;
        header.str_len = (uint32_t)x->names.n;
        put(ret_btf, &header, sizeof(header));
        dn_text_put_text(ret_btf, &x->out);
        dn_text_put_text(ret_btf, &x->names);
        return r == 0 && ret_btf->failed ? -ENOMEM : r;
}

/* -------------------------------------------------------------------------------------------------------- all of it */

static int split(struct dn_str btf, struct dn_str *ret_types, struct dn_str *ret_strings) {
        struct btf_header h;
        struct dn_str rest;

        if (btf.n < sizeof(h) || (uintptr_t)btf.p % sizeof(uint32_t) != 0)
                return -EBADMSG;
        memcpy(&h, btf.p, sizeof(h));
        if (h.magic != BTF_MAGIC || h.version != BTF_VERSION || h.hdr_len < sizeof(h) || h.hdr_len > btf.n ||
            h.hdr_len % sizeof(uint32_t) != 0 || h.type_off % sizeof(uint32_t) != 0)
                return -EBADMSG;
        rest = (struct dn_str){btf.p + h.hdr_len, btf.n - h.hdr_len};
        if (h.type_off > rest.n || h.type_len > rest.n - h.type_off || h.str_off > rest.n ||
            h.str_len > rest.n - h.str_off)
                return -EBADMSG;
        *ret_types = (struct dn_str){rest.p + h.type_off, h.type_len};
        *ret_strings = (struct dn_str){rest.p + h.str_off, h.str_len};
        return 0;
}

static void extract_free(struct extract *x) {
        free(x->wanted);
        free(x->places);
        free(x->taken);
        dn_hash_free(&x->by_offset);
        dn_hash_free(&x->numbers);
        dn_text_free(&x->out);
        dn_text_free(&x->names);
        free(x);
}

int dn_kernel_types_extract(struct dn_str btf, const struct dn_str *names, size_t n_names,
                            struct dn_kernel_number *numbers, size_t n_numbers, struct dn_text *ret_btf) {
        struct extract *x = calloc(1, sizeof(*x));
        int r = -ENOMEM;

        if (!x)
                return -ENOMEM;
        x->wanted = calloc(n_names + n_numbers + 1, sizeof(*x->wanted));
        if (x->wanted) {
                for (size_t i = 0; i < n_names; i++)
                        want(x, names[i], NULL);
                for (size_t i = 0; i < n_numbers; i++) {
                        numbers[i].id = 0;
                        want(x, numbers[i].name, &numbers[i]);
                }
                r = split(btf, &x->types, &x->strings);
        }
        if (r == 0)
                r = place_names(x);
        if (r == 0)
                r = pass(x);
        if (r == 0)
                r = put_all(x, ret_btf);
        extract_free(x);
        return r;
}
