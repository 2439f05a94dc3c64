/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/quantity.h"

/* What rounds up to the next step is shown as that. */
void dn_put_three(struct dn_text *text, double value) {
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
                dn_put_three(text, seconds * 1000);
                dn_text_put(text, DN_STR(" ms"));
        } else if (seconds < 99.95) {
                dn_put_three(text, seconds);
                dn_text_put(text, DN_STR(" s"));
        } else if (whole < 3600)
                dn_text_printf(text, "%lld min %02lld s", whole / 60, whole % 60);
        else if (whole < 86400)
                dn_text_printf(text, "%lld h %02lld min", whole / 3600, whole % 3600 / 60);
        else
                dn_text_printf(text, "%lld d %02lld h", whole / 86400, whole % 86400 / 3600);
}

const char *dn_bytes_unit(double bytes, double *ret_divisor) {
        static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        size_t unit = 0;

        /* 1000 of a unit would be four digits. */
        for (*ret_divisor = 1; bytes / *ret_divisor >= 999.5 && unit + 1 < DN_COUNT(units); unit++)
                *ret_divisor *= 1024;
        return units[unit];
}

void dn_put_bytes(struct dn_text *text, double bytes) {
        double divisor;
        const char *unit = dn_bytes_unit(bytes, &divisor);

        if (divisor > 1)
                dn_put_three(text, bytes / divisor);
        else
                dn_text_printf(text, "%.0f", bytes);
        dn_text_printf(text, " %s", unit);
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
                dn_put_three(text, count);
        dn_text_put(text, dn_str_of(units[unit]));
}

void dn_put_cores(struct dn_text *text, double cores) {
        dn_put_three(text, cores);
}

void dn_put_joules(struct dn_text *text, double joules) {
        bool kilo = joules >= 1000;

        dn_put_three(text, kilo ? joules / 1000 : joules);
        dn_text_put(text, kilo ? DN_STR(" kJ") : DN_STR(" J"));
}
