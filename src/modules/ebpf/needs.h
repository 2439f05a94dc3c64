/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the programs of an object need of the kernel by name: what they are attached to, and those of its functions that
 * programs may call (kfuncs.h). */
#pragma once
#include "modules/ebpf/kernel_types.h"

#include <bpf/libbpf.h>

enum { DN_NEEDS = 40 };

struct dn_needs {
        struct dn_kernel_number list[DN_NEEDS];
        size_t n;
        struct dn_text texts; /* their names, each with a NUL behind it */
};

/* Names them, without their numbers. 0, -ENOMEM, or -ENOBUFS: there are too many. */
int dn_needs_list(struct dn_needs *needs, struct bpf_object *object);
void dn_needs_free(struct dn_needs *needs);

/* Whether the kernel has all functions that the program calls. */
bool dn_needs_are_there(const struct dn_needs *needs, const struct bpf_program *program);

/* How it is attached; ret_hook gets the name of what to. False: libbpf knows. */
bool dn_needs_hook(const struct bpf_program *program, enum bpf_attach_type *ret_attach, struct dn_str *ret_hook);

/* Whether libbpf takes numbers from us. */
bool dn_needs_can_be_given(void);

/* From here to the next call this thread's loading of an object takes the numbers from there. NULL: libbpf looks up the
 * hooks itself. */
void dn_needs_give(const struct dn_needs *needs);
