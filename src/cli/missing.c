/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/missing.h"
#include "base/guard.h"
#include "cli/take.h"

/* What people call it. */
static struct dn_str name_of(struct dn_str key) {
        static const struct {
                struct dn_str key, name;
        } names[] = {
                {{"io", 2}, {"i/o, PSS, files", 15}}, /* all of them hang on one right */
                {{"psi", 3}, {"pressure", 8}},
                {{"perf_hw", 7}, {"counters", 8}},
                {{"rapl", 4}, {"energy", 6}},
        };

        for (size_t i = 0; i < DN_COUNT(names); i++)
                if (dn_str_equal(names[i].key, key))
                        return names[i].name;
        return key;
}

/* Of `it is so; it needs that` what is needed: there is one line for all that is missing. */
static struct dn_str shortest(struct dn_text *reason) {
        const char *whole = dn_text_cstr(reason), *needs = whole ? strstr(whole, "; it needs ") : NULL;

        return needs ? dn_str_of(needs + strlen("; it ")) : dn_text_str(reason);
}

static void take_one(struct dn_missing *m, struct dn_scan *scan, struct dn_str name) {
        DN_GUARD(dn_capability_free) struct dn_capability c = {0};
        bool lacks;

        dn_take_capability(scan, &c);
        m->reasons.failed |= c.reason.failed || c.hint.failed;
        lacks = c.known && !c.available;
        if (dn_str_equal(name, DN_STR("ebpf")))
                m->ebpf = !lacks;
        if (!lacks || c.hint.n == 0 || c.reason.n == 0)
                return;
        dn_text_put(&m->reasons, m->reasons.n ? DN_STR("; ") : DN_STR(""));
        dn_text_put(&m->reasons, name);
        dn_text_put(&m->reasons, DN_STR(": "));
        dn_text_put(&m->reasons, shortest(&c.reason));
        dn_text_put(&m->names, m->names.n ? DN_STR(", ") : DN_STR(""));
        dn_text_put(&m->names, name);
}

void dn_missing_take(struct dn_missing *m, struct dn_scan *scan) {
        struct dn_str key;

        dn_text_reset(&m->reasons);
        dn_text_reset(&m->names);
        if (!dn_scan_object(scan))
                return;
        while (dn_scan_member(scan, &key))
                take_one(m, scan, name_of(key));
}

void dn_missing_free(struct dn_missing *m) {
        dn_text_free(&m->reasons);
        dn_text_free(&m->names);
}
