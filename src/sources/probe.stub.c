/* SPDX-License-Identifier: GPL-3.0-or-later
 * A system that nobody has told denet about. */
#include "sources/probe.h"

#include <errno.h>

void dn_abilities_look(struct dn_ability abilities[DN_ABILITIES], const struct dn_probe_roots *roots) {
        (void)roots;
        for (int i = 0; i < DN_ABILITIES; i++)
                dn_text_put(&abilities[i].reason, DN_STR("denet does not know this system"));
}

void dn_abilities_free(struct dn_ability abilities[DN_ABILITIES]) {
        for (int i = 0; i < DN_ABILITIES; i++) {
                dn_text_free(&abilities[i].reason);
                dn_text_free(&abilities[i].hint);
        }
}

int dn_probe_counter(void) {
        return -ENOSYS;
}

int dn_probe_bpf(void) {
        return -ENOSYS;
}
