/* SPDX-License-Identifier: GPL-3.0-or-later
 * A file of folded stacks, as flamegraph.pl, speedscope and inferno open it: a line for each, outermost first,
 *         process;main;work;read 1234
 * Values of the same line are summed. */
#pragma once
#include "modules/symbols/symbols.h"

struct dn_folded;

int dn_folded_new(size_t memory_limit, struct dn_folded **ret_folded); /* 0: 64 MiB */
struct dn_folded *dn_folded_free(struct dn_folded *folded);

/* One stack, its frames innermost first, kernel before user. One that is not whole has "[cut]" where its outermost
 * frames would be. 0; -ENOBUFS: there is no room for another line; -ENOMEM. */
int dn_folded_add(struct dn_folded *folded, struct dn_str process, const struct dn_frames *frames, bool whole,
                  uint64_t value);

uint64_t dn_folded_lost(const struct dn_folded *folded); /* what did not fit, its values summed */

/* Writes all, by name, in place of what the file was, which stands until then; to what is no regular file (a pipe)
 * directly. 0 or -errno. */
int dn_folded_write(const struct dn_folded *folded, const char *path);
