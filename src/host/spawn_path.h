/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where a command is looked for. */
#pragma once

/* The files that the name may mean, in the order of PATH (of `env`; NULL: the caller's), NULL at the end; none for an
 * empty name. 0 or -ENOMEM; the caller gives the list to dn_spawn_paths_free, which takes NULL too. */
int dn_spawn_paths(const char *name, char *const *env, char ***ret_paths);
void dn_spawn_paths_free(char **paths);
