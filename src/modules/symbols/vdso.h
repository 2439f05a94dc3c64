/* SPDX-License-Identifier: GPL-3.0-or-later
 * The kernel's code in every process, which no file has. */
#pragma once
#include "modules/symbols/elf.h"
#include "modules/symbols/space.h"

/* The vdso that is mapped there: ours, if it is as long and nothing says that it is another one, or else the process's
 * own, from its memory. 0 or -errno. */
int dn_vdso_open(const struct dn_space *space, const struct dn_mapping *mapping, struct dn_elf **ret_elf);
