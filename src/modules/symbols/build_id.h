/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a linker calls a file by, whatever its name: the same bytes in the file, in its debug file and in the kernel's
 * records of mappings. */
#pragma once
#include "base/text.h"

enum { DN_BUILD_ID_MAX = 20 };

struct dn_build_id {
        uint8_t n; /* 0: none is known */
        uint8_t bytes[DN_BUILD_ID_MAX];
};

static inline bool dn_build_id_equal(const struct dn_build_id *a, const struct dn_build_id *b) {
        return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

/* Both are known, and tell different files. */
static inline bool dn_build_id_differs(const struct dn_build_id *a, const struct dn_build_id *b) {
        return a->n > 0 && b->n > 0 && !dn_build_id_equal(a, b);
}

/* The build-id among ELF notes (a PT_NOTE segment or an SHT_NOTE section), of this machine's byte order, each aligned
 * to 4 or 8 bytes. False where there is none, or one that is longer than we keep. */
bool dn_build_id_find(struct dn_str notes, size_t align, struct dn_build_id *ret_id);

void dn_build_id_put(struct dn_text *text, const struct dn_build_id *id); /* in hexadecimal */
