/* SPDX-License-Identifier: GPL-3.0-or-later
 * Prints the field table, a line a field, its columns apart by tabs: what tools/fields-doc makes its pages from.
 */
#include "model/field.h"

#include <stdio.h>

static const char *const parts[] = {[DN_PROCESS] = "process", [DN_WHOLE] = "tree", [DN_CGROUP] = "cgroup"};

static const char *const natures[] = {
        [DN_COUNTER] = "counter",
        [DN_GAUGE] = "gauge",
        [DN_PEAK] = "peak",
        [DN_DERIVED] = "derived",
};

static const char *const trees[] = {
        [DN_ABSENT] = "not there",       [DN_SUM] = "sum of the living",   [DN_MAX] = "largest of the living",
        [DN_AGAIN] = "by the same rule", [DN_TOTAL] = "sum, the dead too", [DN_FOLDED] = "sum, the dead too",
};

static const char *const times[] = {[DN_LAST] = "last", [DN_MEAN] = "mean", [DN_GREATEST] = "largest"};

int main(void) {
        puts("part\tname\tunit\tnature\tover the tree\tover time\twhence\tmeaning\tdecimals");
        for (int id = 0; id < DN_ALL_FIELDS; id++) {
                const struct dn_field *f = &dn_fields[id];

                if (f->nature == DN_INNER)
                        continue;
                printf("%s\t%.*s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", parts[f->part], (int)f->name.n, f->name.p,
                       dn_unit_name(f->unit), natures[f->nature], f->part < DN_BLOCKS ? trees[f->tree] : "its own",
                       times[f->time], f->whence, f->meaning, dn_unit_decimals(f->unit));
        }
        return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
