/* SPDX-License-Identifier: GPL-3.0-or-later
 * Prints the field table, a line a field, its columns apart by tabs: what tools/fields-doc makes its pages from. With
 * --blocks the blocks: path, key, of an array of rows the name of a row's number, and of a map of them "map".
 */
#include "model/field.h"

#include <stdio.h>

static struct dn_str part_of(int part) {
        return part == DN_PROCESS ? DN_STR("process") : part == DN_WHOLE ? DN_STR("tree") : dn_block(part)->path;
}

static const char *const natures[] = {
        [DN_COUNTER] = "counter",
        [DN_GAUGE] = "gauge",
        [DN_PEAK] = "peak",
        [DN_DERIVED] = "derived",
        [DN_DELTA] = "since the last sample",
};

static const char *const trees[] = {
        [DN_ABSENT] = "not there",       [DN_SUM] = "sum of the living",   [DN_MAX] = "largest of the living",
        [DN_AGAIN] = "by the same rule", [DN_TOTAL] = "sum, the dead too", [DN_FOLDED] = "sum, the dead too",
};

static const char *const times[] = {[DN_LAST] = "last", [DN_MEAN] = "mean", [DN_GREATEST] = "largest"};

static void print_block(int part) {
        const struct dn_block *block = dn_block(part);

        printf("%.*s\t%.*s\t%.*s\t%s\n", (int)block->path.n, block->path.p, (int)block->key.n, block->key.p,
               (int)block->number.n, block->number.p, block->map ? "map" : "");
}

int main(int argc, char **argv) {
        if (argc == 2 && strcmp(argv[1], "--blocks") == 0) {
                for (int part = DN_BLOCKS; part < DN_PARTS; part++)
                        print_block(part);
                return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
        }
        puts("part\tname\tunit\tnature\tover the tree\tover time\twhence\tmeaning\tdecimals");
        for (int id = 0; id < DN_ALL_FIELDS; id++) {
                const struct dn_field *f = &dn_fields[id];

                if (f->nature == DN_INNER)
                        continue;
                printf("%.*s\t%.*s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", (int)part_of(f->part).n, part_of(f->part).p,
                       (int)f->name.n, f->name.p, dn_unit_name(f->unit), natures[f->nature],
                       f->part < DN_BLOCKS ? trees[f->tree] : "its own", times[f->time], f->whence, f->meaning,
                       dn_unit_decimals(f->unit));
        }
        return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
