/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/take.h"

void dn_take_text(struct dn_scan *scan, struct dn_text *text) {
        struct dn_str raw;

        dn_text_reset(text);
        if (dn_scan_string(scan, &raw))
                dn_scan_unescape(raw, text);
}

void dn_take_words(struct dn_scan *scan, struct dn_text *text) {
        struct dn_str raw;

        dn_text_reset(text);
        if (!dn_scan_array(scan))
                return;
        while (dn_scan_element(scan)) {
                if (text->n)
                        dn_text_put_char(text, ' ');
                if (dn_scan_string(scan, &raw))
                        dn_scan_unescape(raw, text);
        }
}

void dn_take_capability(struct dn_scan *scan, struct dn_capability *c) {
        struct dn_str key;

        if (!dn_scan_object(scan))
                return;
        while (dn_scan_member(scan, &key)) {
                if (dn_str_equal(key, DN_STR("available")))
                        c->known = dn_scan_bool(scan, &c->available);
                else if (dn_str_equal(key, DN_STR("reason")))
                        dn_take_text(scan, &c->reason);
                else if (dn_str_equal(key, DN_STR("hint")))
                        dn_take_text(scan, &c->hint);
                else
                        dn_scan_skip(scan);
        }
}

void dn_capability_free(struct dn_capability *c) {
        dn_text_free(&c->reason);
        dn_text_free(&c->hint);
}
