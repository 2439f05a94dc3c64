/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/probe/rights.h"
#include "base/file.h"
#include "base/guard.h"

/* CapEff:	000001ffffffffff */
static uint64_t take_set(struct dn_str *rest, struct dn_str key) {
        struct dn_str value;
        uint64_t set = 0;

        if (!dn_str_value(rest, key, &value) || value.n > 16)
                return 0;
        for (size_t i = 0; i < value.n; i++) {
                const char *digits = "0123456789abcdef", *digit = value.p[i] ? strchr(digits, value.p[i]) : NULL;

                if (!digit)
                        return 0;
                set = set << 4 | (uint64_t)(digit - digits);
        }
        return set;
}

struct dn_rights dn_rights_read(int proc) {
        dn_autotext struct dn_text status = {0};
        struct dn_rights r = {0};
        struct dn_str rest, value;

        if (dn_file_append(proc, "self/status", 65536, &status) < 0)
                return r;
        rest = dn_text_str(&status);
        r.has = take_set(&rest, DN_STR("CapPrm"));
        r.has |= take_set(&rest, DN_STR("CapEff"));
        r.bound = take_set(&rest, DN_STR("CapBnd"));
        r.no_new = dn_str_value(&rest, DN_STR("NoNewPrivs"), &value) && dn_str_equal(value, DN_STR("1"));
        r.filtered = dn_str_value(&rest, DN_STR("Seccomp"), &value) && dn_str_equal(value, DN_STR("2"));
        return r;
}

/* The kernel says it as a number up to 5.7, and as a word after that. */
static int hidepid_of(struct dn_str options) {
        static const struct {
                struct dn_str option;
                int number;
        } known[] = {
                {DN_STR("hidepid=1"), 1},        {DN_STR("hidepid=2"), 2},         {DN_STR("hidepid=4"), 4},
                {DN_STR("hidepid=noaccess"), 1}, {DN_STR("hidepid=invisible"), 2}, {DN_STR("hidepid=ptraceable"), 4},
        };

        for (size_t i = 0; i < DN_COUNT(known); i++)
                if (dn_str_lists(options, known[i].option))
                        return known[i].number;
        return 0;
}

/* mountinfo: ID parent device root POINT options … - type source OPTIONS; of mounts over one another the last holds. */
static int hidepid_by(struct dn_str mounts) {
        struct dn_str line, word, last;
        int found = 0;

        while (dn_str_cut(&mounts, '\n', &line)) {
                int n = 0;
                bool is_proc = false;

                for (last = line; dn_str_word(&line, &word); last = word)
                        is_proc |= n++ == 4 && dn_str_equal(word, DN_STR("/proc"));
                if (is_proc)
                        found = hidepid_of(last);
        }
        return found;
}

int dn_rights_hidepid(int proc, const struct dn_rights *r) {
        dn_autotext struct dn_text mounts = {0};

        if (dn_rights_have(r, DN_CAP_SYS_PTRACE) || dn_file_append(proc, "self/mountinfo", 8 << 20, &mounts) < 0)
                return 0;
        return hidepid_by(dn_text_str(&mounts));
}
