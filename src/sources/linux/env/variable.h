/* SPDX-License-Identifier: GPL-3.0-or-later
 * The environment, asked by name: nobody walks over it, so what is not asked for is not seen. */
#pragma once
#include "base/str.h"

/* The value of a variable of a list that NULL ends (NULL itself: an empty one); empty where it is not set. */
struct dn_str dn_variable(char *const *environment, struct dn_str name);
