/* SPDX-License-Identifier: GPL-3.0-or-later
 * Columns and summaries of saved records, by the library's own reader, with the GIL released. */
#include "_files.h"

#include "base/text.h"
#include "denet/denet.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Where the numbers of a field stand in a record. */
struct column {
        int field, part;          /* part -1: of many rows, or none */
        bool any, missing, whole; /* a record has it, lacks it; its numbers are whole */
        struct dn_text values;    /* doubles */
};

enum { BATCH = 4096 };

/* All columns, and their number; the first two are ts_ms and elapsed_us. */
static struct column *columns_new(size_t *ret_n) {
        struct column *columns;
        size_t n = 2;

        while (denet_field_at((int)n - 2))
                n++;
        columns = calloc(n, sizeof(*columns));
        if (columns)
                columns[0].whole = columns[1].whole = true;
        for (size_t i = 2; columns && i < n; i++) {
                const denet_field *field = denet_field_at((int)i - 2);

                columns[i].field = (int)i - 2;
                columns[i].part = field->many ? -1 : field->part;
                columns[i].whole = field->decimals == 0;
        }
        *ret_n = n;
        return columns;
}

static void columns_free(struct column *columns, size_t n) {
        for (size_t i = 0; columns && i < n; i++)
                dn_text_free(&columns[i].values);
        free(columns);
}

static void put_number(struct column *column, bool known, double number) {
        double value = known ? number : NAN;

        column->any |= known;
        column->missing |= !known;
        dn_text_put(&column->values, (struct dn_str){(const char *)&value, sizeof(value)});
}

static void put_row(struct column *columns, size_t n, const denet_record *record) {
        int64_t elapsed_us = denet_record_elapsed_us(record);

        put_number(&columns[0], denet_record_ts_ms(record) != 0, (double)denet_record_ts_ms(record));
        put_number(&columns[1], elapsed_us >= 0, (double)elapsed_us);
        for (size_t i = 2; i < n; i++) {
                const denet_row *row = columns[i].part < 0 ? NULL : denet_record_row(record, columns[i].part, 0);
                double number;

                if (columns[i].part >= 0) {
                        bool known = row && denet_row_number(row, columns[i].field, &number) == 0;

                        put_number(&columns[i], known, known ? number : 0);
                }
        }
}

static bool is_measurement(const denet_record *record) {
        int kind = denet_record_kind(record);

        return kind == DENET_TREE || kind == DENET_SAMPLE || kind == DENET_AGGREGATED;
}

/* Up to BATCH records, each given to `take`. 1: there may be more; 0: the end; -errno. Broken lines are counted. */
static int read_batch(denet *d, void (*take)(void *user, const denet_record *record), void *user, uint64_t *broken) {
        for (int i = 0; i < BATCH; i++) {
                const denet_record *record;
                int r = denet_next(d, -1, &record);

                if (r == -EBADMSG)
                        ++*broken;
                else if (r == 1)
                        take(user, record);
                else if (r != -EINTR)
                        return r;
        }
        return 1;
}

/* Of a path, or of text. NULL, and an exception: OSError with its errno, which is what open() would raise. */
static denet *open_source(PyObject *path, PyObject *text) {
        denet_options options = {.struct_size = sizeof(options), .children = DENET_CHILDREN_NONE};
        denet_error error = {0};
        denet *d = NULL;
        PyObject *arguments;
        Py_ssize_t size;
        char *data;
        int r;

        if (PyBytes_AsStringAndSize(path == Py_None ? text : path, &data, &size) < 0)
                return NULL;
        Py_BEGIN_ALLOW_THREADS;
        r = path == Py_None ? denet_parse(&d, &options, data, (size_t)size, &error)
                            : denet_read(&d, &options, data, &error);
        Py_END_ALLOW_THREADS;
        if (r == 0)
                return d;
        arguments = Py_BuildValue("(isN)", -r, error.text,
                                  PyUnicode_DecodeFSDefaultAndSize(data, path == Py_None ? 0 : size));
        if (arguments)
                PyErr_SetObject(PyExc_OSError, arguments);
        Py_XDECREF(arguments);
        return NULL;
}

/* To the end, with the GIL released and signals looked at between two batches. 0, or -1 with an exception. */
static int read_all(denet *d, void (*take)(void *user, const denet_record *record), void *user, uint64_t *broken) {
        int r;

        do {
                Py_BEGIN_ALLOW_THREADS;
                r = read_batch(d, take, user, broken);
                Py_END_ALLOW_THREADS;
                if (PyErr_CheckSignals() < 0)
                        return -1;
        } while (r == 1);
        if (r == 0)
                return 0;
        errno = -r;
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
}

struct filling {
        struct column *columns;
        size_t n;
};

static void fill(void *user, const denet_record *record) {
        const struct filling *f = user;

        if (is_measurement(record))
                put_row(f->columns, f->n, record);
}

/* As array.array has them: whole numbers that no record lacks are int64_t, "q"; others double, "d", where NaN stands
 * for what is missing. */
static PyObject *column_object(struct column *column) {
        bool whole = column->whole && !column->missing;

        for (size_t i = 0; whole && i < column->values.n; i += sizeof(double)) {
                int64_t value;
                double number;

                memcpy(&number, column->values.p + i, sizeof(number));
                value = (int64_t)number;
                memcpy(column->values.p + i, &value, sizeof(value));
        }
        return Py_BuildValue("(sy#)", whole ? "q" : "d", column->values.p, (Py_ssize_t)column->values.n);
}

/* {name: (type, bytes)}, of what any record has. */
static PyObject *columns_object(struct column *columns, size_t n) {
        PyObject *dict = PyDict_New();

        for (size_t i = 0; dict && i < n; i++) {
                const denet_field *field = i < 2 ? NULL : denet_field_at(columns[i].field);
                PyObject *key, *value;

                if (!columns[i].any)
                        continue;
                if (columns[i].values.failed) {
                        Py_CLEAR(dict);
                        return PyErr_NoMemory();
                }
                key = field ? PyUnicode_FromFormat("%s%s%s", field->block, *field->block ? "." : "", field->name)
                            : PyUnicode_FromString(i == 0 ? "ts_ms" : "elapsed_us");
                value = column_object(&columns[i]);
                if (!key || !value || PyDict_SetItem(dict, key, value) < 0)
                        Py_CLEAR(dict);
                Py_XDECREF(key);
                Py_XDECREF(value);
        }
        return dict;
}

PyObject *dn_python_columns(PyObject *module, PyObject *path) {
        struct filling f = {0};
        PyObject *dict = NULL;
        uint64_t broken = 0;
        denet *d;

        (void)module;
        d = open_source(path, NULL);
        if (!d)
                return NULL;
        f.columns = columns_new(&f.n);
        if (!f.columns)
                PyErr_NoMemory();
        else if (read_all(d, fill, &f, &broken) == 0)
                dict = columns_object(f.columns, f.n);
        columns_free(f.columns, f.n);
        denet_free(d);
        return dict;
}

struct folding {
        denet_summary *summary;
        uint64_t measured;
        bool no_memory;
};

static void fold(void *user, const denet_record *record) {
        struct folding *f = user;

        f->measured += is_measurement(record);
        f->no_memory |= denet_summary_add(f->summary, record) < 0;
}

PyObject *dn_python_summary(PyObject *module, PyObject *arguments) {
        struct folding f = {0};
        PyObject *path, *text, *result = NULL;
        uint64_t broken = 0;
        const char *json = NULL;
        denet *d;

        (void)module;
        if (!PyArg_ParseTuple(arguments, "OO", &path, &text))
                return NULL;
        d = open_source(path, text);
        if (!d)
                return NULL;
        f.summary = denet_summary_new();
        if (f.summary && read_all(d, fold, &f, &broken) == 0)
                json = denet_summary_json(f.summary, NULL);
        if (json && !f.no_memory)
                result = Py_BuildValue("(sKK)", json, (unsigned long long)f.measured, (unsigned long long)broken);
        else if (!PyErr_Occurred())
                PyErr_NoMemory();
        denet_summary_free(f.summary);
        denet_free(d);
        return result;
}
