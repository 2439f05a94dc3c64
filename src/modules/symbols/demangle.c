/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/demangle.h"
#include "base/guard.h"

/* Debian keeps it apart from the headers that everybody includes. */
#if __has_include(<libiberty/demangle.h>)
#include <libiberty/demangle.h>
#else
#include <demangle.h>
#endif

/* What is longer is no name, but an attempt. */
enum { MANGLED_MAX = 16 << 10, PLAIN_MAX = 64 << 10 };

static bool is_mangled(const char *name) {
        return name[0] == '_' && (name[1] == 'Z' || name[1] == 'R' || (name[1] == '_' && name[2] == 'Z'));
}

void dn_demangle_put(struct dn_text *text, const char *name) {
        dn_autofree char *plain = NULL;

        /* Its depth is bounded by libiberty's own limit on recursion, which stands unless it is told otherwise. */
        if (is_mangled(name) && strnlen(name, MANGLED_MAX) < MANGLED_MAX)
                plain = cplus_demangle(name, DMGL_AUTO | DMGL_ANSI);
        dn_text_put(text, dn_str_of(plain && strnlen(plain, PLAIN_MAX) < PLAIN_MAX ? plain : name));
}
