/* SPDX-License-Identifier: GPL-3.0-or-later
 * An object with programs, loaded without libbpf's going through all of the kernel's types: it gets an extract of them
 * (extract.h), and the numbers of the hooks. Where that cannot be made, it goes its own way. */
#pragma once
#include "base/text.h"

struct bpf_link;
struct bpf_map;
struct bpf_object_open_opts;
struct bpf_object_skeleton;
struct bpf_program;
struct dn_object;

/* bpftool's skeleton, opened; what it generated for this object goes to ret_programs. NULL, and errno. */
typedef struct bpf_object_skeleton *dn_skeleton_open(const struct bpf_object_open_opts *options, void **ret_programs);

/* Opens the programs, not yet loaded: what of them is wanted, and how large the maps are, may be set now. What
 * ret_programs gives is the object's. 0 or -errno. */
int dn_object_open(struct dn_object **ret_object, dn_skeleton_open *open, void **ret_programs);

/* Loads and attaches what is wanted; links->… of the skeleton are then set. 0, -ESRCH (the kernel lacks a hook), or
 * another -errno. */
int dn_object_load(struct dn_object *o);

/* The iterator goes through what is in the map: it was to be loaded, and not attached. ret_link gets the object's own
 * place for it. 0 or -errno. */
int dn_object_attach_to_map(struct bpf_program *iterator, struct bpf_map *map, struct bpf_link **ret_link);

/* The descriptors of its links, which stay its own. How many; -E2BIG: more than `room`. */
int dn_object_links(const struct dn_object *o, int *fds, uint32_t room);

/* Detaches the programs, and frees them. NULL is well; returns it. */
struct dn_object *dn_object_free(struct dn_object *o);
