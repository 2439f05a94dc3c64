/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the files of a recorded tree say, read in another way than denet reads them. */
#pragma once
#include "model/field.h"
#include "model/snapshot.h"
#include "scene.h"

/* Of a process or of all of them; `has` and `v` as in a row. */
struct expected {
        bool lives;
        int64_t started_at_ms;
        uint64_t has;
        int64_t v[DN_FIELDS];
};

struct expected expect_process(const struct scene *scene, const char *name);
struct expected expect_whole(const struct scene *scene); /* of all below the process "scene" */

/* All that is read of it at any time and by the same rule is in the row, and no more. */
void assert_expected(const struct scene *scene, const char *name, const struct dn_row *row, const struct expected *e);
