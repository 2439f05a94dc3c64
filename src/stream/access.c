/* SPDX-License-Identifier: GPL-3.0-or-later
 * Records, rows, fields, sinks and summaries, as denet.h has them. */
#include "base/guard.h"
#include "format/summary_json.h"
#include "model/summary.h"
#include "sink/sink.h"
#include "stream/stream.h"

#include <errno.h>

_Static_assert((int)DN_ENV == DENET_ENV && (int)DN_EXIT == DENET_EXIT && (int)DN_TREE == DENET_TREE, "kinds agree");

int denet_record_kind(const denet_record *r) {
        return r->kind;
}

int64_t denet_record_ts_ms(const denet_record *r) {
        return r->unix_ms;
}

int64_t denet_record_elapsed_us(const denet_record *r) {
        return r->sample && r->kind != DN_EXIT ? r->sample->elapsed_us : -1;
}

const char *denet_record_json(const denet_record *r, size_t *ret_size) {
        struct dn_str text = r->text;

        if (!text.p)
                text = dn_writer_text(r->writer, r);
        if (ret_size)
                *ret_size = text.n;
        return text.p;
}

static const struct dn_row *process_row(const struct dn_sample *s, size_t i) {
        return i < s->part[DN_PROCESS].n ? dn_table_row(&s->part[DN_PROCESS], (uint32_t)i) : NULL;
}

/* The block that a public part is. */
#define PUBLIC_PARTS(X, block) \
        X(PSI, PSI_MEM, block) \
        X(PSI_IO, PSI_IO, block) \
        X(PSI_CPU, PSI_CPU, block) \
        X(PERF, PERF, block) \
        X(ENERGY, RAPL, block) \
        X(CGROUP, CGROUP, block) \
        X(GPU, GPU_DEVICE, block) \
        X(GPU_ALL, GPU, block) \
        X(GPU_ENERGY, GPU_ENERGY, block) \
        X(OFFCPU, OFFCPU, block) \
        X(OFFCPU_REASONS, OFFCPU_REASONS, block) \
        X(THREADS, THREAD_STAT, block) \
        X(STACKS, STACK, block) \
        X(SYSCALLS, SYSCALL, block) \
        X(SYSCALLS_ALL, SYSCALLS, block) \
        X(SYSCALL_CATEGORIES, SYSCALL_CATEGORIES, block) \
        X(SYSCALL_ERRORS, SYSCALL_ERROR, block) \
        X(NETWORK, NETWORK, block) \
        X(NETWORK_PROCESSES, NETWORK_PROCESS, block) \
        X(DISK, DISK, block)

static int block_of(int part) {
#define ENTRY(public, inner, block) [DENET_##public] = DN_##inner,
        static const int8_t blocks[] = {PUBLIC_PARTS(ENTRY, )};
#undef ENTRY

        return part >= 0 && (size_t)part < DN_COUNT(blocks) && blocks[part] ? blocks[part] : -1;
}

static const struct dn_row *block_row(const struct dn_sample *s, int block, size_t i) {
        return i < s->part[block].n ? dn_table_row(&s->part[block], (uint32_t)i) : NULL;
}

const denet_row *denet_record_row(const denet_record *r, int part, size_t i) {
        const struct dn_sample *s = r->sample;
        const struct dn_row *row = NULL;

        if (s && part == DENET_WHOLE)
                row = i == 0 ? dn_sample_whole(s) : NULL;
        else if (s && r->kind == DN_TREE && part == DENET_MAIN)
                row = i == 0 && s->main_lives ? process_row(s, 0) : NULL;
        else if (s && r->kind == DN_TREE && part == DENET_CHILDREN)
                row = process_row(s, i + s->main_lives);
        else if (s && block_of(part) >= 0)
                row = block_row(s, block_of(part), i);
        return (const denet_row *)(const void *)row;
}

static const struct dn_row *inside(const denet_row *row) {
        return (const struct dn_row *)(const void *)row;
}

int64_t denet_row_pid(const denet_row *row) {
        return inside(row)->key.pid;
}

const char *denet_row_name(const denet_row *row) {
        return inside(row)->name.p ? inside(row)->name.p : "";
}

/* The public table has no INNER fields: those of the blocks close up to those before. */
enum {
#define FIELD(part, name, ...) PUBLIC_##name,
#define PART(part, key) PUBLIC_##part, PUBLIC_BEFORE_##part = PUBLIC_##part - 1,
#define BLOCK(part, name, ...) PUBLIC_##part##_##name,
#include "model/fields.def"
        PUBLIC_FIELDS,
        N_INNER = DN_ALL_FIELDS - PUBLIC_FIELDS
};

/* The id inside of a public one, or -ENOENT. */
static int inner_id(int field) {
        if (field < 0 || field >= PUBLIC_FIELDS)
                return -ENOENT;
        return field < DN_FIELDS - N_INNER ? field : field + N_INNER;
}

int denet_field_id(const char *name) {
        int id = dn_field_find(dn_str_of(name));

        return id < DN_FIELDS ? id : id - N_INNER;
}

int denet_row_steps(const denet_row *row, int field, int64_t *ret_steps) {
        int id = inner_id(field), part = id >= 0 ? dn_fields[id].part : -1;

        if (part < 0 || dn_unit_is_text(dn_fields[id].unit) || inside(row)->block != (part < DN_BLOCKS ? 0 : part))
                return -ENODATA;
        return dn_row_get(inside(row), id, ret_steps) ? 0 : -ENODATA;
}

const char *denet_row_text(const denet_row *row, int field) {
        int id = inner_id(field);

        if (id < 0 || !dn_unit_is_text(dn_fields[id].unit) || inside(row)->block != dn_fields[id].part)
                return NULL;
        return dn_row_text(inside(row), id);
}

static double scaled(int64_t steps, int decimals) {
        static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

        return (double)steps / powers[decimals];
}

int denet_row_number(const denet_row *row, int field, double *ret_number) {
        int64_t steps;
        int r = denet_row_steps(row, field, &steps);

        if (r < 0)
                return r;
        *ret_number = scaled(steps, dn_unit_decimals(dn_fields[inner_id(field)].unit));
        return 0;
}

/* And back; -1: of none that is given out. */
#define IF_IT_IS(public, inner, block) (block) == DN_##inner ? DENET_##public:
#define PART_OF(block) (PUBLIC_PARTS(IF_IT_IS, block) - 1)

enum {
#define PART(part, key) MANY_##part = 0,
#define ROWS_IN(part, of, path, key, number) MANY_##part = 1,
#include "model/fields.def"
};

/* Where each block stands. */
#define PART(part, key) static const char path_##part[] = #key;
#define PART_IN(part, of, path, key) static const char path_##part[] = #path "." #key;
#include "model/fields.def"

#define ENTRY(block_, part_, many_, name_, unit_, counter_, whence_, meaning_) \
        {.name = #name_, \
         .block = (block_), \
         .part = (part_), \
         .many = (many_), \
         .origin = (whence_), \
         .meaning = (meaning_), \
         .counter = (counter_), \
         .unit = DN_UNIT_##unit_, \
         .decimals = DN_DECIMALS_##unit_},
#define FIELD(part, name, unit, nature, tree, time, whence, meaning) \
        ENTRY("", DENET_WHOLE, 0, name, unit, DN_##nature == DN_COUNTER, whence, meaning)
#define BLOCK(part, name, unit, nature, time, whence, meaning) \
        ENTRY(path_##part, PART_OF(DN_##part), MANY_##part, name, unit, DN_##nature == DN_COUNTER, whence, meaning)
static const denet_field public_fields[PUBLIC_FIELDS] = {
#include "model/fields.def"
};

const denet_field *denet_field_at(int id) {
        return id >= 0 && id < PUBLIC_FIELDS ? &public_fields[id] : NULL;
}

/* ------------------------------------------------------------------------------------------------------ sinks */

static int kind_of(const char *format, const struct dn_sink_kind **ret_kind) {
        *ret_kind = format ? dn_sink_kind_find(dn_str_of(format)) : NULL;
        return format && !*ret_kind ? -EINVAL : 0;
}

int denet_sink_open(denet_sink **ret_s, const char *path, const char *format, denet_error *error) {
        const struct dn_sink_kind *kind;
        dn_autotext struct dn_text why = {0};
        int r = kind_of(format, &kind);

        if (r < 0)
                return dn_fail(error, r, "%s: no format of records; jsonl, json or csv", format);
        r = dn_sink_open(ret_s, path, kind, &why);
        if (r < 0 && why.n > 0)
                return dn_fail(error, -ELIBACC, "%s: not to be compressed: %s; give a name without the last ending",
                               path, dn_text_cstr(&why));
        return r < 0 ? dn_fail(error, r, "%s: %s", path, strerror(-r)) : 0;
}

int denet_sink_open_fd(denet_sink **ret_s, int fd, const char *format) {
        const struct dn_sink_kind *kind;
        int r = kind_of(format, &kind);

        return r < 0 ? r : dn_sink_open_fd(ret_s, fd, kind ? kind : &dn_sink_jsonl);
}

int denet_sink_write(denet_sink *s, const denet_record *r) {
        return dn_sink_put(s, r);
}

uint64_t denet_sink_lost(const denet_sink *s) {
        return s->lost;
}

int denet_sink_close(denet_sink *s) {
        return s ? dn_sink_close(s) : 0;
}

/* ---------------------------------------------------------------------------------------------------- summary */

denet_summary *denet_summary_new(void) {
        return dn_summary_new();
}

int denet_summary_add(denet_summary *s, const denet_record *r) {
        return dn_summary_add(s, r);
}

int denet_summary_number(const denet_summary *s, const char *name, double *ret_number) {
        int64_t steps;
        int decimals, r = dn_summary_get(s, dn_str_of(name), &steps, &decimals);

        if (r < 0)
                return -ENODATA;
        *ret_number = scaled(steps, decimals);
        return 0;
}

const char *denet_summary_json(denet_summary *s, size_t *ret_size) {
        struct dn_text text = {0};

        if (!s->json) {
                dn_summary_write(&text, s);
                s->json = dn_text_take(&text);
        }
        if (ret_size)
                *ret_size = s->json ? strlen(s->json) : 0;
        return s->json;
}

denet_summary *denet_summary_free(denet_summary *s) {
        return dn_summary_free(s);
}

const char *denet_version(void) {
        return DENET_VERSION;
}
