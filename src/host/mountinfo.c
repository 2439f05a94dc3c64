/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/mountinfo.h"

#include <errno.h>
#include <sys/types.h>

static bool take_device(struct dn_str word, struct dn_mount *m) {
        struct dn_str major;

        return dn_str_cut(&word, ':', &major) && dn_str_u64(major, &m->major) && dn_str_u64(word, &m->minor);
}

/* ID PARENT DEVICE ROOT POINT OPTIONS [optional …] - TYPE SOURCE OPTIONS */
int dn_mount_parse(struct dn_str line, struct dn_mount *ret_mount) {
        struct dn_mount m = {0};
        struct dn_str word;

        for (int i = 0; i < 3; i++)
                if (!dn_str_word(&line, &word))
                        return -EBADMSG;
        if (!take_device(word, &m))
                return -EBADMSG;
        if (!dn_str_word(&line, &m.root) || !dn_str_word(&line, &m.point) || !dn_str_word(&line, &m.options))
                return -EBADMSG;
        do
                if (!dn_str_word(&line, &word))
                        return -EBADMSG;
        while (!dn_str_equal(word, DN_STR("-")));
        if (!dn_str_word(&line, &m.type) || !dn_str_word(&line, &m.source) || !dn_str_word(&line, &m.super_options))
                return -EBADMSG;
        *ret_mount = m;
        return 0;
}

static bool is_octal(char c) {
        return c >= '0' && c <= '7';
}

/* Cuts the next byte off, an escape as the one that it stands for. */
static char take_byte(struct dn_str *rest) {
        const char *p = rest->p;
        char c = p[0];
        size_t n = 1;

        if (c == '\\' && rest->n >= 4 && is_octal(p[1]) && is_octal(p[2]) && is_octal(p[3])) {
                c = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
                n = 4;
        }
        rest->p += n;
        rest->n -= n;
        return c;
}

void dn_mount_put_name(struct dn_text *text, struct dn_str name) {
        while (name.n > 0)
                dn_text_put_char(text, take_byte(&name));
}

/* How many bytes of the path the mount point takes; -1: it does not lie there. */
static ssize_t covers(struct dn_str point, struct dn_str path) {
        size_t n = 0;

        if (dn_str_equal(point, DN_STR("/")))
                return path.n > 0 && path.p[0] == '/' ? 0 : -1;
        for (; point.n > 0; n++)
                if (n >= path.n || take_byte(&point) != path.p[n])
                        return -1;
        return n == path.n || path.p[n] == '/' ? (ssize_t)n : -1;
}

bool dn_mount_of(struct dn_str mountinfo, struct dn_str path, struct dn_mount *ret_mount) {
        struct dn_mount m;
        struct dn_str line;
        ssize_t longest = -1;

        while (dn_str_cut(&mountinfo, '\n', &line)) {
                ssize_t n = dn_mount_parse(line, &m) < 0 ? -1 : covers(m.point, path);

                if (n < 0 || n < longest)
                        continue;
                longest = n;
                *ret_mount = m;
        }
        return longest >= 0;
}
