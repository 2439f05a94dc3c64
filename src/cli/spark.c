/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/spark.h"

static void advance(struct dn_spark *s, long long cell) {
        for (long long n = cell - s->newest > DN_SPARK_CELLS ? cell - DN_SPARK_CELLS : s->newest; n < cell; n++)
                s->sum[(n + 1) % DN_SPARK_CELLS] = s->secs[(n + 1) % DN_SPARK_CELLS] = 0;
        s->newest = cell;
}

void dn_spark_add(struct dn_spark *s, double from_secs, double to_secs, double value) {
        double oldest = to_secs - (double)DN_SPARK_CELLS * DN_SPARK_SECS;

        from_secs = from_secs > oldest ? from_secs : oldest;
        from_secs = from_secs > 0 ? from_secs : 0;
        while (from_secs < to_secs) {
                long long cell = (long long)(from_secs / DN_SPARK_SECS);
                double end = (double)((cell + 1) * DN_SPARK_SECS);

                end = end < to_secs ? end : to_secs;
                if (cell > s->newest)
                        advance(s, cell);
                s->sum[cell % DN_SPARK_CELLS] += value * (end - from_secs);
                s->secs[cell % DN_SPARK_CELLS] += end - from_secs;
                from_secs = end;
        }
}

void dn_spark_put(const struct dn_spark *s, struct dn_text *text, int cells, double most, bool utf8) {
        static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
        static const char *const signs[] = {"_", ".", ":", "-", "=", "+", "*", "#"};
        enum { LEVELS = 8 };

        for (long long n = s->newest - cells + 1; n <= s->newest; n++) {
                double secs = n < 0 ? 0 : s->secs[n % DN_SPARK_CELLS];
                double share = secs > 0 && most > 0 ? s->sum[n % DN_SPARK_CELLS] / secs / most : 0;
                int level = share <= 0 ? 0 : share >= 1 ? LEVELS - 1 : (int)(share * LEVELS);

                dn_text_put(text, secs > 0 ? dn_str_of((utf8 ? blocks : signs)[level]) : DN_STR(" "));
        }
}
