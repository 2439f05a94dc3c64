/* SPDX-License-Identifier: GPL-3.0-or-later
 * What releases before 0.6 wrote: lines without a kind, told by their shape, and other names. Part of the reader. */
#pragma once
#include "base/text.h"

/* What stood at the top of a line. */
struct dn_shape {
        bool tree;    /* parent, children or aggregated */
        bool command; /* cmd or executable */
        bool fields;  /* metrics, and … */
        bool count;   /* … process_count among them */
};

/* The kind of an untagged line; 0: none of denet's. */
int dn_legacy_kind(const struct dn_shape *shape);

/* A field by the name that it once had; -ENOENT. */
int dn_legacy_field(struct dn_str name);

/* Its line, an object, as one with a kind: what takes records on need not tell them by their shape once more. */
void dn_legacy_tag(struct dn_text *text, int kind, struct dn_str line);
