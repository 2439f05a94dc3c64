/* SPDX-License-Identifier: GPL-3.0-or-later
 * /proc/PID/mountinfo: what a line gives lies within it, what it refuses leaves the result as it was; and a path lies
 * on one mount at most, whose point it begins with. The first line is the path. */
#include "host/mountinfo.h"
#include "must.h"

#include <errno.h>

static void must_lie_in(struct dn_str part, struct dn_str whole) {
        MUST(part.n > 0 && part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_line(struct dn_str line) {
        struct dn_mount untouched, m;
        int r;

        memset(&untouched, 0xa5, sizeof(untouched));
        m = untouched;
        r = dn_mount_parse(line, &m);
        MUST(r == 0 || r == -EBADMSG);
        if (r < 0) {
                MUST(memcmp(&m, &untouched, sizeof(m)) == 0);
                return;
        }
        must_lie_in(m.root, line);
        must_lie_in(m.point, line);
        must_lie_in(m.options, line);
        must_lie_in(m.type, line);
        must_lie_in(m.source, line);
        must_lie_in(m.super_options, line);
}

static void check_path(struct dn_str table, struct dn_str path) {
        struct dn_text name = {0};
        struct dn_mount m;

        if (dn_mount_of(table, path, &m)) {
                dn_mount_put_name(&name, m.point);
                MUST(dn_str_starts(path, dn_text_str(&name)));
                must_lie_in(m.point, table);
        }
        dn_text_free(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dn_str table = {(const char *)data, size}, rest, path = {0}, line;

        (void)dn_str_cut(&table, '\n', &path);
        rest = table;
        while (dn_str_cut(&rest, '\n', &line))
                check_line(line);
        check_path(table, path);
        return 0;
}
