/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format/read_known.h"
#include "base/json_number.h"

#if defined(__SSE2__) && !defined(DN_PORTABLE)
#include <emmintrin.h>
#endif

enum {
        WORD = 16, /* bytes compared at once */
        LITERAL_MAX = 2 * WORD,
        ROOM = LITERAL_MAX + DN_JSON_NUMBER_ROOM, /* bytes that may be looked at for a member */
        END = DN_FIELDS + 1
};

/* How a member begins, by its field from 1 on. */
struct literal {
        char text[LITERAL_MAX];
        uint8_t n, decimals;
};

#define FIELD(part, name, unit, ...) \
        [1 + DN_##name] = {.text = ",\"" #name "\":", .n = sizeof(#name) + 3, .decimals = DN_DECIMALS_##unit},
static const struct literal literals[END + 1] = {
#include "model/fields.def"
        [END] = {.text = "}", .n = 1},
};
#define FIELD(part, name, ...) \
        _Static_assert(sizeof(#name) + 3 <= LITERAL_MAX, "the key of " #name " fits: else make LITERAL_MAX larger");
#include "model/fields.def"

/* n bytes that count, then none. */
static const uint8_t *mask_of(unsigned n) {
        static const uint8_t bytes[2 * LITERAL_MAX] = {[0 ... LITERAL_MAX - 1] = 255};

        return bytes + LITERAL_MAX - n;
}

/* The text begins so. It is done for each member of each process: the compiler unrolls the loop. */
#if defined(__SSE2__) && !defined(DN_PORTABLE)
static inline __m128i load(const void *p) {
        return _mm_loadu_si128((const __m128i *)p);
}

static inline bool same(const char *p, const struct literal *l) {
        const uint8_t *mask = mask_of(l->n);
        __m128i differ = _mm_setzero_si128();

        for (int i = 0; i < LITERAL_MAX; i += WORD)
                differ = _mm_or_si128(differ,
                                      _mm_and_si128(_mm_xor_si128(load(p + i), load(l->text + i)), load(mask + i)));
        return _mm_movemask_epi8(_mm_cmpeq_epi8(differ, _mm_setzero_si128())) == 0xffff;
}
#else
static inline bool same(const char *p, const struct literal *l) {
        const uint8_t *mask = mask_of(l->n);
        uint64_t differ = 0, text, expected, counts;

        for (int i = 0; i < LITERAL_MAX; i += (int)sizeof(text)) {
                memcpy(&text, p + i, sizeof(text));
                memcpy(&expected, l->text + i, sizeof(expected));
                memcpy(&counts, mask + i, sizeof(counts));
                differ |= (text ^ expected) & counts;
        }
        return differ == 0;
}
#endif

static bool has_room(const struct dn_scan *scan, const char *p, size_t room) {
        return (size_t)(scan->end - p) >= room;
}

bool dn_known_begin(struct dn_scan *scan, int64_t *ret_ts_ms) {
        static const char begin[] = "{\"ts_ms\":";
        const char *p = scan->p;

        if (!has_room(scan, p, ROOM) || scan->depth >= DN_SCAN_DEPTH || memcmp(p, begin, sizeof(begin) - 1) != 0)
                return false;
        p = dn_json_fixed(p + sizeof(begin) - 1, 0, ret_ts_ms);
        if (!p)
                return false;
        scan->p = p;
        scan->depth++;
        scan->first = false;
        return true;
}

int dn_known_fields(struct dn_scan *scan, const struct dn_known *known, int *last, struct dn_row *row) {
        const char *p = scan->p, *behind;
        unsigned at = (unsigned)(*last + 1);
        uint64_t has = row->has;
        int result = DN_KNOWN_OTHER;
        int64_t value;

        while (has_room(scan, p, ROOM) && !scan->first) {
                unsigned next = known->next[at];
                const struct literal *l = &literals[next];

                if (next == 0 || !same(p, l))
                        break;
                p += l->n;
                if (next == END) {
                        scan->depth--;
                        result = DN_KNOWN_LEFT;
                        break;
                }
                at = next;
                behind = dn_json_fixed(p, l->decimals, &value);
                if (!behind) {
                        result = (int)at - 1;
                        break;
                }
                row->v[at - 1] = value;
                has |= UINT64_C(1) << (at - 1);
                p = behind;
        }
        row->has = has;
        scan->p = p;
        *last = (int)at - 1;
        return result;
}

void dn_known_learn(struct dn_known *known, int last, int field) {
        known->next[last + 1] = (uint8_t)(field == DN_KNOWN_LEFT ? END : field + 1);
}

/* Bytes of a name up to its quote, if they are all plain ASCII and there are less than 16; else 16. */
static size_t plain_name(const char *p) {
        const uint64_t each = UINT64_C(0x0101010101010101), top = each * 0x80;

        for (size_t i = 0; i < 16; i += 8) {
                uint64_t word = dn_json_eight(p + i), quote = word ^ (each * '"'), backslash = word ^ (each * '\\');
                uint64_t stops = ((quote - each) & ~quote) | ((backslash - each) & ~backslash) |
                                 ((word - each * 0x20) & ~word) | word;

                if (stops & top) {
                        i += (size_t)__builtin_ctzll(stops & top) / 8;
                        return p[i] == '"' ? i : 16;
                }
        }
        return 16;
}

bool dn_known_child(struct dn_scan *scan, int64_t *ret_pid, struct dn_str *ret_name) {
        static const char begin[] = "{\"pid\":", command[] = ",\"command\":\"", metrics[] = "\",\"metrics\":";
        const char *p = scan->p, *name;
        size_t n;

        if (!has_room(scan, p, 2 * (size_t)ROOM) || scan->depth >= DN_SCAN_DEPTH ||
            memcmp(p, begin, sizeof(begin) - 1) != 0)
                return false;
        p = dn_json_fixed(p + sizeof(begin) - 1, 0, ret_pid);
        if (!p || memcmp(p, command, sizeof(command) - 1) != 0)
                return false;
        name = p + sizeof(command) - 1;
        n = plain_name(name);
        if (n == 16 || memcmp(name + n, metrics, sizeof(metrics) - 1) != 0)
                return false;
        *ret_name = (struct dn_str){name, n};
        scan->p = name + n + sizeof(metrics) - 1;
        scan->depth++;
        scan->first = false;
        return true;
}
