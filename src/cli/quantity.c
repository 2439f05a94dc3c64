/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/quantity.h"

/* Three digits: 1.23, 12.3, 123. What rounds up to the next step is shown as that. */
static void put_three(struct dn_text *text, double value) {
        if (value < 9.995)
                dn_text_printf(text, "%.2f", value);
        else if (value < 99.95)
                dn_text_printf(text, "%.1f", value);
        else
                dn_text_printf(text, "%.0f", value);
}

void dn_put_seconds(struct dn_text *text, double seconds) {
        long long whole = (long long)(seconds + 0.5);

        if (seconds < 0.00999995) {
                put_three(text, seconds * 1000);
                dn_text_put(text, DN_STR(" ms"));
        } else if (seconds < 99.95) {
                put_three(text, seconds);
                dn_text_put(text, DN_STR(" s"));
        } else if (whole < 3600)
                dn_text_printf(text, "%lld min %02lld s", whole / 60, whole % 60);
        else if (whole < 86400)
                dn_text_printf(text, "%lld h %02lld min", whole / 3600, whole % 3600 / 60);
        else
                dn_text_printf(text, "%lld d %02lld h", whole / 86400, whole % 86400 / 3600);
}

void dn_put_bytes(struct dn_text *text, double bytes) {
        static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        size_t unit = 0;

        /* 1000 of a unit would be four digits. */
        while (bytes >= 999.5 && unit + 1 < DN_COUNT(units)) {
                bytes /= 1024;
                unit++;
        }
        if (unit == 0)
                dn_text_printf(text, "%.0f", bytes);
        else
                put_three(text, bytes);
        dn_text_printf(text, " %s", units[unit]);
}

void dn_put_count(struct dn_text *text, double count) {
        static const char *const units[] = {"", " k", " M", " G", " T"};
        size_t unit = 0;

        while (count >= 999.5 && unit + 1 < DN_COUNT(units)) {
                count /= 1000;
                unit++;
        }
        if (unit == 0)
                dn_text_printf(text, "%.0f", count);
        else
                put_three(text, count);
        dn_text_put(text, dn_str_of(units[unit]));
}

void dn_put_cores(struct dn_text *text, double cores) {
        put_three(text, cores);
}
