/* SPDX-License-Identifier: GPL-3.0-or-later
 * The object with the programs, loaded without libbpf's going through all of the kernel's types: it gets an extract of
 * them (kernel_types.h), and the numbers of the hooks. Where that cannot be made, it goes its own way. */
#pragma once
#include "base/text.h"

struct dn_bpf;
struct dn_object;

/* Opens the programs, not yet loaded: what of them is wanted, and how large the maps are, may be set now. 0 or -errno.
 */
int dn_object_open(struct dn_object **ret_object, struct dn_bpf **ret_programs);

/* Loads and attaches what is wanted; links->… of the skeleton are then set. 0, -ESRCH (the kernel lacks a hook), or
 * another -errno. */
int dn_object_load(struct dn_object *o);

/* The programs go on. NULL is well; returns it. */
struct dn_object *dn_object_free(struct dn_object *o);
