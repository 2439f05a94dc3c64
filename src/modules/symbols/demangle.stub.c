/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where libiberty is not there. */
#include "modules/symbols/demangle.h"

void dn_demangle_put(struct dn_text *text, const char *name) {
        dn_text_put(text, dn_str_of(name));
}
