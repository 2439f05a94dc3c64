/* SPDX-License-Identifier: GPL-3.0-or-later
 * denet._records: JSON lines, or one array of them, to Python dicts, faster than json.loads. Records of a file resemble
 * each other: each object begins as a copy of the one that stood in the same place of the line before, and only what
 * differs from it as text is made anew.
 * Limited API of Python 3.9. */
#include "_files.h"

#include "base/guard.h"
#include "base/json_scan.h"

#include <stdbool.h>
#include <stdlib.h>

/* What stood in one place of the line before. */
struct member {
        struct dn_str raw; /* the key as it stands between its quotes, in the text that is read */
        size_t n;          /* `"key":value` from the first quote on; 0: the value is an object or array */
        PyObject *key;
        struct place *place; /* of a value that is an object or array */
};

struct place {
        PyObject *dict; /* NULL: no object, or one that is no model for the next */
        struct member *members;
        size_t n_members, room;
        struct place **elements;
        size_t n_elements;
};

enum { ELEMENTS_MAX = 1 << 16 };

static void member_clear(struct member *m);

static struct place *place_free(struct place *p) {
        if (!p)
                return NULL;
        for (size_t i = 0; i < p->room; i++)
                member_clear(&p->members[i]);
        for (size_t i = 0; i < p->n_elements; i++)
                place_free(p->elements[i]);
        free(p->members);
        free(p->elements);
        Py_XDECREF(p->dict);
        free(p);
        return NULL;
}

static void member_clear(struct member *m) {
        Py_XDECREF(m->key);
        place_free(m->place);
        *m = (struct member){0};
}

/* The place behind *ret_place, made where there is none. NULL, and MemoryError. */
static struct place *place_of(struct place **ret_place) {
        if (!*ret_place)
                *ret_place = calloc(1, sizeof(**ret_place));
        if (!*ret_place)
                PyErr_NoMemory();
        return *ret_place;
}

static struct place *element_of(struct place *p, size_t i) {
        struct place **larger;

        i = i < ELEMENTS_MAX ? i : ELEMENTS_MAX - 1;
        if (i >= p->n_elements) {
                larger = realloc(p->elements, (i + 1) * sizeof(struct place *));
                if (!larger) {
                        PyErr_NoMemory();
                        return NULL;
                }
                p->elements = larger;
                while (p->n_elements <= i)
                        larger[p->n_elements++] = NULL;
        }
        return place_of(&p->elements[i]);
}

static struct member *member_at(struct place *p, size_t i) {
        size_t room = p->room ? p->room : 8;
        struct member *larger;

        if (i < p->room)
                return &p->members[i];
        while (room <= i)
                room *= 2;
        larger = realloc(p->members, room * sizeof(*larger));
        if (!larger) {
                PyErr_NoMemory();
                return NULL;
        }
        p->members = larger;
        while (p->room < room)
                larger[p->room++] = (struct member){0};
        return &p->members[i];
}

/* ------------------------------------------------------------------------------------------------------ values */

static PyObject *text_object(struct dn_str s) {
        return PyUnicode_DecodeUTF8(s.p, (Py_ssize_t)s.n, "replace");
}

/* NULL without an exception: the text is no JSON, as in all that follows. */
static PyObject *string_object(struct dn_str raw) {
        dn_autotext struct dn_text text = {0};

        if (!memchr(raw.p, '\\', raw.n))
                return text_object(raw);
        if (!dn_scan_unescape(raw, &text))
                return NULL;
        return text.failed ? PyErr_NoMemory() : text_object(dn_text_str(&text));
}

/* What strtod and int() are for: a copy that ends in NUL. */
static PyObject *long_number(struct dn_str number, bool whole) {
        dn_autotext struct dn_text text = {0};
        const char *digits;
        double value;

        dn_text_put(&text, number);
        digits = dn_text_cstr(&text);
        if (!digits)
                return PyErr_NoMemory();
        if (whole)
                return PyLong_FromString(digits, NULL, 10);
        value = PyOS_string_to_double(digits, NULL, NULL);
        return value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(value);
}

static bool is_whole(struct dn_str number) {
        for (size_t i = 0; i < number.n; i++)
                if (number.p[i] == '.' || (number.p[i] | 0x20) == 'e')
                        return false;
        return true;
}

/* Both numbers of the quotient are doubles without a rounding, so it is rounded once, as strtod does it. */
static PyObject *number_object(struct dn_str number) {
        enum { EXACT_DIGITS = 15 };
        static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                        1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
        bool negative = number.p[0] == '-', point = false;
        size_t digits = 0, behind = 0;
        int64_t value = 0;

        for (size_t i = negative; i < number.n; i++) {
                char c = number.p[i];

                if (c == '.') {
                        point = true;
                        continue;
                }
                if (c < '0' || c > '9' || ++digits > EXACT_DIGITS)
                        return long_number(number, is_whole(number));
                value = value * 10 + (c - '0');
                behind += point;
        }
        if (!point)
                return PyLong_FromLongLong(negative ? -value : value);
        return PyFloat_FromDouble((negative ? -(double)value : (double)value) / powers[behind]);
}

static PyObject *value_object(struct dn_scan *scan, struct place **place);

static PyObject *array_object(struct dn_scan *scan, struct place *place) {
        PyObject *list = PyList_New(0);

        if (!list || !dn_scan_array(scan))
                return list;
        for (size_t i = 0; dn_scan_element(scan); i++) {
                struct place *there = element_of(place, i);
                PyObject *value = there ? value_object(scan, &there) : NULL;

                if (!value || PyList_Append(list, value) < 0)
                        Py_CLEAR(list);
                Py_XDECREF(value);
                if (!list)
                        return NULL;
        }
        if (scan->failed)
                Py_CLEAR(list);
        return list;
}

/* Of a string, number or word, which has no place. */
static PyObject *scalar_object(struct dn_scan *scan, enum dn_scan_type type) {
        const char *from = scan->p;
        struct dn_str raw;

        if (type == DN_SCAN_STRING)
                return dn_scan_string(scan, &raw) ? string_object(raw) : NULL;
        dn_scan_skip(scan);
        if (scan->failed)
                return NULL;
        if (type == DN_SCAN_NUMBER)
                return number_object((struct dn_str){from, (size_t)(scan->p - from)});
        if (type != DN_SCAN_NULL)
                return PyBool_FromLong(type == DN_SCAN_TRUE);
        Py_INCREF(Py_None);
        return Py_None;
}

/* ----------------------------------------------------------------------------------------------------- objects */

/* An object that is being read: the first n of its place's members are those that it has, in that order. */
struct reading {
        struct place *place;
        PyObject *dict;
        size_t n;
        bool copied; /* dict began as a copy of place->dict, and holds all of its members */
};

/* From here on it is another object than the one before: a dict of what has been read of it. 0 or -1. */
static int leave_model(struct reading *r) {
        PyObject *dict = PyDict_New();

        for (size_t i = 0; dict && i < r->n; i++) {
                PyObject *key = r->place->members[i].key, *value = PyDict_GetItemWithError(r->dict, key);

                if (!value || PyDict_SetItem(dict, key, value) < 0)
                        Py_CLEAR(dict);
        }
        Py_DECREF(r->dict);
        r->dict = dict;
        r->copied = false;
        return dict ? 0 : -1;
}

/* The next members are, as text, what the model has: they are in the copy already. */
static void take_unchanged(struct dn_scan *scan, struct reading *r) {
        for (; r->n < r->place->n_members; r->n++) {
                const struct member *m = &r->place->members[r->n];
                const char *p = scan->p + !scan->first;

                if (m->n == 0 || (size_t)(scan->end - scan->p) < m->n + 2 || (!scan->first && *scan->p != ',') ||
                    memcmp(p, m->raw.p - 1, m->n) != 0 || (p[m->n] != ',' && p[m->n] != '}'))
                        return;
                scan->p = p + m->n;
                scan->first = false;
        }
}

/* The member at the end of what was read, with its key: the one that stood there, or another, and then the copy is no
 * model any more. */
static struct member *take_key(struct reading *r, struct dn_str raw) {
        struct member *m = member_at(r->place, r->n);
        PyObject *key;

        if (!m)
                return NULL;
        if (r->n < r->place->n_members && dn_str_equal(m->raw, raw)) {
                m->raw = raw;
                return m;
        }
        if (r->copied && leave_model(r) < 0)
                return NULL;
        r->place->n_members = r->n;
        key = string_object(raw);
        if (!key)
                return NULL;
        PyUnicode_InternInPlace(&key);
        member_clear(m);
        *m = (struct member){.raw = raw, .key = key};
        return m;
}

static int take_member(struct dn_scan *scan, struct reading *r, struct dn_str raw) {
        struct member *m = take_key(r, raw);
        PyObject *value;
        int failed;

        if (!m)
                return -1;
        value = value_object(scan, &m->place);
        if (!value)
                return -1;
        m->n = m->place ? 0 : (size_t)(scan->p - (raw.p - 1));
        r->n++;
        if (r->n > r->place->n_members)
                r->place->n_members = r->n;
        failed = PyDict_SetItem(r->dict, m->key, value);
        Py_DECREF(value);
        return failed;
}

/* The dict is the model of the next, unless a key stood twice in it. */
static PyObject *object_of(struct reading *r) {
        if (r->copied && r->n < r->place->n_members && leave_model(r) < 0)
                return NULL;
        r->place->n_members = r->n;
        Py_CLEAR(r->place->dict);
        if ((size_t)PyDict_Size(r->dict) == r->n) {
                Py_INCREF(r->dict);
                r->place->dict = r->dict;
        } else
                r->place->n_members = 0;
        return r->dict;
}

static PyObject *object_object(struct dn_scan *scan, struct place *place) {
        struct reading r = {.place = place, .copied = place->dict};
        struct dn_str raw;

        if (!dn_scan_object(scan))
                return NULL;
        if (!r.copied)
                place->n_members = 0;
        r.dict = r.copied ? PyDict_Copy(place->dict) : PyDict_New();
        while (r.dict) {
                if (r.copied)
                        take_unchanged(scan, &r);
                if (!dn_scan_member(scan, &raw))
                        break;
                if (take_member(scan, &r, raw) < 0)
                        Py_CLEAR(r.dict);
        }
        if (r.dict && !scan->failed)
                return object_of(&r);
        Py_CLEAR(r.dict);
        Py_CLEAR(place->dict);
        return NULL;
}

static PyObject *value_object(struct dn_scan *scan, struct place **place) {
        enum dn_scan_type type = dn_scan_peek(scan);

        if (type != DN_SCAN_OBJECT && type != DN_SCAN_ARRAY)
                return scalar_object(scan, type);
        if (!place_of(place))
                return NULL;
        return type == DN_SCAN_OBJECT ? object_object(scan, *place) : array_object(scan, *place);
}

/* ------------------------------------------------------------------------------------------------------- lines */

/* Records of a kind resemble each other: a place for each beginning of a line. */
struct kinds {
        struct {
                struct dn_str beginning;
                struct place *place;
        } of[8];
        unsigned n;
};

static struct place **place_of_line(struct kinds *k, struct dn_str line) {
        const char *comma = memchr(line.p, ',', line.n);
        struct dn_str beginning = {line.p, comma ? (size_t)(comma - line.p) : line.n};

        for (unsigned i = 0; i < k->n; i++)
                if (dn_str_equal(k->of[i].beginning, beginning))
                        return &k->of[i].place;
        if (k->n < DN_COUNT(k->of) - 1)
                k->of[k->n++].beginning = beginning;
        else
                return &k->of[DN_COUNT(k->of) - 1].place; /* for all others */
        return &k->of[k->n - 1].place;
}

static void kinds_free(struct kinds *k) {
        for (size_t i = 0; i < DN_COUNT(k->of); i++)
                place_free(k->of[i].place);
}

/* A line: 0, or -1 with an exception. One that is no JSON object goes by its number to `broken`. */
static int take_line(struct kinds *k, struct dn_str line, size_t number, PyObject *records, PyObject *broken) {
        struct dn_scan scan = dn_scan_of(line);
        PyObject *record = NULL, *n;
        int failed;

        if (dn_scan_peek(&scan) == DN_SCAN_NONE && scan.p == scan.end)
                return 0;
        if (dn_scan_peek(&scan) == DN_SCAN_OBJECT)
                record = value_object(&scan, place_of_line(k, line));
        if (!record && PyErr_Occurred())
                return -1;
        if (record && dn_scan_end(&scan)) {
                failed = PyList_Append(records, record);
                Py_DECREF(record);
                return failed;
        }
        Py_XDECREF(record);
        n = PyLong_FromSize_t(number);
        failed = n ? PyList_Append(broken, n) : -1;
        Py_XDECREF(n);
        return failed;
}

static int take_lines(struct kinds *k, struct dn_str text, PyObject *records, PyObject *broken) {
        for (size_t number = 1; text.n > 0; number++) {
                const char *newline = memchr(text.p, '\n', text.n);
                struct dn_str line = {text.p, newline ? (size_t)(newline - text.p) : text.n};
                size_t taken = line.n + (newline ? 1 : 0);

                if (take_line(k, line, number, records, broken) < 0)
                        return -1;
                text = (struct dn_str){text.p + taken, text.n - taken};
        }
        return 0;
}

static PyObject *lines(PyObject *module, PyObject *bytes) {
        struct kinds kinds = {0};
        PyObject *records, *broken, *both = NULL;
        Py_ssize_t size;
        char *data;

        (void)module;
        if (PyBytes_AsStringAndSize(bytes, &data, &size) < 0)
                return NULL;
        records = PyList_New(0);
        broken = PyList_New(0);
        if (records && broken && take_lines(&kinds, (struct dn_str){data, (size_t)size}, records, broken) == 0)
                both = PyTuple_Pack(2, records, broken);
        kinds_free(&kinds);
        Py_XDECREF(records);
        Py_XDECREF(broken);
        return both;
}

static PyObject *value(PyObject *module, PyObject *bytes) {
        struct place *place = NULL;
        struct dn_scan scan;
        PyObject *object;
        Py_ssize_t size;
        char *data;

        (void)module;
        if (PyBytes_AsStringAndSize(bytes, &data, &size) < 0)
                return NULL;
        scan = dn_scan_of((struct dn_str){data, (size_t)size});
        object = value_object(&scan, &place);
        place_free(place);
        if (object && !dn_scan_end(&scan))
                Py_CLEAR(object);
        if (!object && !PyErr_Occurred())
                PyErr_SetString(PyExc_ValueError, "not JSON");
        return object;
}

static PyMethodDef methods[] = {
        {"lines", lines, METH_O, "lines(data: bytes) -> (records, numbers of the lines that hold no JSON object)"},
        {"value", value, METH_O, "value(data: bytes) -> the one JSON value in it. ValueError: it holds none"},
        {"columns", dn_python_columns, METH_O,
         "columns(path: bytes) -> {name: (type of array, bytes)}, a number for each tree or sample"},
        {"summary", dn_python_summary, METH_VARARGS,
         "summary(path: bytes or None, text: bytes or None) -> (JSON, measurements, broken lines)"},
        {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT,
        "denet._records",
        "JSON to Python, by denet's own scanner.",
        0,
        methods,
        slots,
        NULL,
        NULL,
        NULL,
};

PyMODINIT_FUNC PyInit__records(void);
PyMODINIT_FUNC PyInit__records(void) {
        return PyModuleDef_Init(&definition);
}
