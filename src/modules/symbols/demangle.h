/* SPDX-License-Identifier: GPL-3.0-or-later
 * The names that a programmer gave: C++'s (Itanium) and Rust's of both kinds. Others, Go's among them, are such names
 * already. */
#pragma once
#include "base/text.h"

/* Appends the name, as it stands where nobody knows better. C++: without parameters, as perf prints it. */
void dn_demangle_put(struct dn_text *text, const char *name);
