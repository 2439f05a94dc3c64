/* SPDX-License-Identifier: GPL-3.0-or-later
 * The blocks of a record: each part is an object under its key, or an array of them, or a map of them, made of its
 * fields by the table. Part of the writer. */
#pragma once
#include "base/json_write.h"
#include "model/derive.h"

/* Of each block that the sample has a row of: `"cgroup":{…}`. */
void dn_write_blocks(struct dn_json *json, const struct dn_sample *s);
