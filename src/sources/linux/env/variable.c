/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/variable.h"

struct dn_str dn_variable(char *const *environment, struct dn_str name) {
        for (; environment && *environment; environment++)
                if (strncmp(*environment, name.p, name.n) == 0 && (*environment)[name.n] == '=')
                        return dn_str_of(*environment + name.n + 1);
        return (struct dn_str){0};
}
