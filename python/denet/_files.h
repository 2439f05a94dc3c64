/* SPDX-License-Identifier: GPL-3.0-or-later
 * Of denet._records, what goes through a file record by record and would be slow so in Python. */
#pragma once
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x03090000
#include <Python.h>

/* columns(path: bytes) -> {name: (type of array, bytes)}, a number for each tree or sample. */
PyObject *dn_python_columns(PyObject *module, PyObject *path);

/* summary(path: bytes or None, text: bytes or None) -> (JSON, measurements, broken lines). */
PyObject *dn_python_summary(PyObject *module, PyObject *arguments);
