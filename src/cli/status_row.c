/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/status_row.h"
#include "base/guard.h"
#include "cli/quantity.h"

#include <limits.h>
#include <stdio.h>

enum { NARROW = 60, WIDE = 140, CELLS = 8 };

/* One row being put together. What takes no room on the screen is not counted in `columns`. */
struct pen {
        struct dn_status_row *row;
        struct dn_text *text;
        const struct dn_figures *f;
        const struct dn_spark *spark;
        const struct dn_status_look *look;
        int columns;
};

static bool narrow(const struct pen *p) {
        return p->look->columns > 0 && p->look->columns < NARROW;
}

static bool wide(const struct pen *p) {
        return p->look->columns == 0 || p->look->columns >= WIDE;
}

static bool have(const struct pen *p, int figure) {
        return dn_figures_have(p->f, figure);
}

/* -------------------------------------------------------------------------------------------------------- writing */

static void put_styled(struct pen *p, const char *sgr, const char *word) {
        if (p->look->colour)
                dn_text_printf(p->text, "\033[%sm%s\033[0m", sgr, word);
        else
                dn_text_put(p->text, dn_str_of(word));
        p->columns += (int)strlen(word);
}

static void put_label(struct pen *p, const char *word) {
        put_styled(p, "2", word);
}

static void put_word(struct pen *p, const char *word) {
        dn_text_put(p->text, dn_str_of(word));
        p->columns += (int)strlen(word);
}

/* In its own place, by the figure it shows, which only ever becomes wider. */
static void put_number(struct pen *p, int place, void (*put)(struct dn_text *, double), double value) {
        unsigned char *width = &p->row->width[place];
        dn_autotext struct dn_text number = {0};

        put(&number, value);
        if (number.n > *width && number.n < UCHAR_MAX)
                *width = (unsigned char)number.n;
        for (size_t n = number.n; n < *width; n++)
                put_word(p, " ");
        dn_text_put_text(p->text, &number);
        p->columns += (int)number.n;
}

static void put_whole(struct dn_text *text, double value) {
        dn_text_printf(text, "%.0f", value);
}

/* Both in the larger one's unit, which is given back. Never one of a letter: all of them are as wide. */
static const char *shared_unit(double a, double b, double *ret_divisor) {
        const char *unit = dn_bytes_unit(a > b ? a : b, ret_divisor);

        if (*ret_divisor > 1)
                return unit;
        *ret_divisor = 1024;
        return "KiB";
}

static void put_pair(struct pen *p, const char *name, int first, int second, bool letters) {
        double divisor;
        const char *unit = shared_unit(p->f->v[first], p->f->v[second], &divisor);

        if (*name) {
                put_label(p, name);
                put_word(p, " ");
        }
        if (letters) {
                put_label(p, "r");
                put_word(p, " ");
        }
        put_number(p, first, dn_put_three, p->f->v[first] / divisor);
        put_word(p, " ");
        if (letters) {
                put_label(p, "w");
                put_word(p, " ");
        }
        put_number(p, second, dn_put_three, p->f->v[second] / divisor);
        put_word(p, " ");
        put_word(p, unit);
        put_word(p, "/s");
}

/* --------------------------------------------------------------------------------------------------------- fields */

static bool put_time(struct pen *p) {
        long long secs = p->f->elapsed_secs > 0 ? (long long)p->f->elapsed_secs : 0;
        char time[32];

        if (secs < 3600)
                snprintf(time, sizeof(time), " %02lld:%02lld", secs / 60, secs % 60);
        else
                snprintf(time, sizeof(time), " %lld:%02lld:%02lld", secs / 3600, secs / 60 % 60, secs % 60);
        put_styled(p, "1", "denet");
        put_word(p, time);
        return true;
}

static bool put_cpu(struct pen *p) {
        char of[32];

        if (!have(p, DN_FIGURE_CORES_BUSY))
                return false;
        put_label(p, "cpu");
        put_word(p, " ");
        put_number(p, DN_FIGURE_CORES_BUSY, dn_put_cores, p->f->v[DN_FIGURE_CORES_BUSY]);
        if (p->f->cores > 0 && !narrow(p)) {
                snprintf(of, sizeof(of), "/%.0f", p->f->cores);
                put_word(p, of);
        }
        return true;
}

static bool put_spark(struct pen *p) {
        int cells = wide(p) ? DN_SPARK_CELLS : CELLS;

        if (!p->spark || narrow(p) || !have(p, DN_FIGURE_CORES_BUSY) || p->f->cores <= 0)
                return false;
        dn_spark_put(p->spark, p->text, cells, p->f->cores, p->look->utf8);
        p->columns += cells;
        return true;
}

static bool put_memory(struct pen *p) {
        double now = p->f->v[DN_FIGURE_MEMORY], divisor;
        bool scarce = p->f->memory_limit > 0 && now >= 0.9 * p->f->memory_limit;
        const char *unit = shared_unit(now, p->f->v[DN_FIGURE_MEMORY_PEAK], &divisor);

        if (!have(p, DN_FIGURE_MEMORY))
                return false;
        put_styled(p, scarce ? "33" : "2", "mem");
        if (scarce && p->look->colour)
                dn_text_put(p->text, DN_STR("\033[33m"));
        put_word(p, " ");
        put_number(p, DN_FIGURE_MEMORY, dn_put_three, now / divisor);
        put_word(p, " ");
        put_word(p, unit);
        if (scarce && p->look->colour)
                dn_text_put(p->text, DN_STR("\033[0m"));
        return true;
}

static bool put_peak(struct pen *p) {
        double peak = p->f->v[DN_FIGURE_MEMORY_PEAK], divisor;

        if (!have(p, DN_FIGURE_MEMORY) || !have(p, DN_FIGURE_MEMORY_PEAK))
                return false;
        shared_unit(p->f->v[DN_FIGURE_MEMORY], peak, &divisor);
        put_label(p, "peak");
        put_word(p, " ");
        put_number(p, DN_FIGURE_MEMORY_PEAK, dn_put_three, peak / divisor);
        return true;
}

/* Its unit is said where it is another one than the memory's. */
static bool put_limit(struct pen *p) {
        double shared, divisor, limit = p->f->memory_limit;
        const char *unit = shared_unit(limit, 0, &divisor);
        dn_autotext struct dn_text number = {0};

        if (!have(p, DN_FIGURE_MEMORY) || limit <= 0)
                return false;
        shared_unit(p->f->v[DN_FIGURE_MEMORY], p->f->v[DN_FIGURE_MEMORY_PEAK], &shared);
        dn_put_three(&number, limit / divisor);
        put_label(p, "of");
        put_word(p, " ");
        put_word(p, dn_text_cstr(&number) ? dn_text_cstr(&number) : "");
        if (shared != divisor) {
                put_word(p, " ");
                put_word(p, unit);
        }
        return true;
}

static bool put_gpu(struct pen *p) {
        double divisor, memory = p->f->v[DN_FIGURE_GPU_MEMORY];
        const char *unit = shared_unit(memory, 0, &divisor);

        if (!have(p, DN_FIGURE_GPU_BUSY) && !have(p, DN_FIGURE_GPU_MEMORY))
                return false;
        put_label(p, "gpu");
        if (have(p, DN_FIGURE_GPU_BUSY)) {
                put_word(p, " ");
                put_number(p, DN_FIGURE_GPU_BUSY, put_whole, p->f->v[DN_FIGURE_GPU_BUSY]);
                put_word(p, "%");
        }
        if (have(p, DN_FIGURE_GPU_MEMORY)) {
                put_word(p, " ");
                put_number(p, DN_FIGURE_GPU_MEMORY, dn_put_three, memory / divisor);
                put_word(p, " ");
                put_word(p, unit);
        }
        return true;
}

static bool put_io(struct pen *p) {
        if (!have(p, DN_FIGURE_READ) || !have(p, DN_FIGURE_WRITTEN))
                return false;
        put_pair(p, "", DN_FIGURE_READ, DN_FIGURE_WRITTEN, true);
        return true;
}

static bool put_count(struct pen *p, int figure, const char *one, const char *many) {
        if (!have(p, figure))
                return false;
        put_number(p, figure, dn_put_count, p->f->v[figure]);
        put_word(p, " ");
        put_label(p, p->f->v[figure] == 1 ? one : many);
        return true;
}

static bool put_processes(struct pen *p) {
        return put_count(p, DN_FIGURE_PROCESSES, "proc", "procs");
}

static bool put_threads(struct pen *p) {
        return put_count(p, DN_FIGURE_THREADS, "thread", "threads");
}

static bool put_disk(struct pen *p) {
        if (!have(p, DN_FIGURE_FROM_DISK) || !have(p, DN_FIGURE_TO_DISK))
                return false;
        put_pair(p, "disk", DN_FIGURE_FROM_DISK, DN_FIGURE_TO_DISK, true);
        return true;
}

static bool put_network(struct pen *p) {
        if (!have(p, DN_FIGURE_NET_IN) || !have(p, DN_FIGURE_NET_OUT))
                return false;
        put_pair(p, "net", DN_FIGURE_NET_IN, DN_FIGURE_NET_OUT, false);
        return true;
}

enum place { TIME, CPU, SPARK, MEMORY, PEAK, LIMIT, GPU, IO, PROCESSES, THREADS, DISK, NETWORK, FIELDS };

/* As they stand in the row. What is of the same thing as another one stands a blank beside it, else two. */
static const struct {
        bool (*put)(struct pen *p);
        enum place beside; /* itself: nobody */
} fields[FIELDS] = {
        [TIME] = {put_time, TIME},
        [CPU] = {put_cpu, CPU},
        [SPARK] = {put_spark, CPU},
        [MEMORY] = {put_memory, MEMORY},
        [PEAK] = {put_peak, MEMORY},
        [LIMIT] = {put_limit, MEMORY},
        [GPU] = {put_gpu, GPU},
        [IO] = {put_io, IO},
        [PROCESSES] = {put_processes, PROCESSES},
        [THREADS] = {put_threads, PROCESSES},
        [DISK] = {put_disk, DISK},
        [NETWORK] = {put_network, NETWORK},
};

static const enum place by_worth[FIELDS] = {TIME, CPU,       SPARK,   MEMORY, PEAK, GPU,
                                            IO,   PROCESSES, THREADS, LIMIT,  DISK, NETWORK};

/* Puts it behind what is there; false, and nothing put, where there is nothing to say. */
static bool put_field(struct pen *p, enum place field, const bool chosen[FIELDS]) {
        enum place mate = fields[field].beside;
        int columns = p->columns;
        size_t n = p->text->n;

        if (field != TIME)
                put_word(p, mate != field && chosen[mate] ? " " : "  ");
        if (fields[field].put(p))
                return true;
        p->columns = columns;
        p->text->n = n;
        return false;
}

void dn_status_row_put(struct dn_status_row *row, struct dn_text *text, const struct dn_figures *f,
                       const struct dn_spark *spark, const struct dn_status_look *look) {
        struct pen p = {.row = row, .text = text, .f = f, .spark = spark, .look = look};
        bool chosen[FIELDS] = {0};
        size_t from = text->n;
        int used = 0;

        for (size_t i = 0; i < FIELDS; i++) {
                enum place field = by_worth[i];

                p.columns = 0;
                if (put_field(&p, field, chosen) && (look->columns == 0 || used + p.columns < look->columns)) {
                        chosen[field] = true;
                        used += p.columns;
                }
                text->n = from;
        }
        for (enum place field = 0; field < FIELDS; field++)
                if (chosen[field])
                        put_field(&p, field, chosen);
}
