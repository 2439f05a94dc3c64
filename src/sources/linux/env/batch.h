/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which job this is, on which node of it, and which of its ranks: by the environment that a batch system, an MPI or
 * Kubernetes gives it. Only variables of the lists in batch.c are ever copied, and only values that look like what
 * they should be. */
#pragma once
#include "base/json_write.h"

/* batch {system, …}, mpi {launcher, …}, kubernetes {…}; each absent where nothing tells of one. */
void dn_env_batch(struct dn_json *json, char *const *environment);
