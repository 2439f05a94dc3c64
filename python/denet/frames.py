# SPDX-License-Identifier: GPL-3.0-or-later
"""Data frames of records, by pandas or polars, whichever is there; neither is required."""

from __future__ import annotations

import importlib
import os
from array import array
from typing import Any

from . import _records
from .records import Metrics, columns_of, is_json_text, measurements, rows

_LIBRARIES = ("pandas", "polars")


def _library(name: str | None) -> Any:
    if name is not None and name not in _LIBRARIES:
        raise ValueError(f"library: {name!r}; it is one of {', '.join(_LIBRARIES)}")
    for candidate in (name,) if name else _LIBRARIES:
        try:
            return importlib.import_module(candidate)
        except ImportError:
            continue
    wanted = name or "pandas or polars"
    raise ImportError(f"a data frame needs {wanted}: pip install {name or 'pandas'}")


def _columns_of_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Arrays of numbers by their names; whole numbers where none is missing."""
    return {name: array(kind, data) for name, (kind, data) in _records.columns(os.fsencode(path)).items()}


def to_dataframe(metrics: Metrics, library: str | None = None) -> Any:
    """A data frame with a row for each tree (its aggregate) or sample, and a column for each metric; nested names are
    dotted (``psi_mem.some_avg10``). Units are those of the records: percent, KiB, bytes, seconds; ``ts_ms`` is Unix
    milliseconds. What a record does not have is NaN (pandas) or null (polars).

    `library` is ``pandas`` or ``polars``; None takes the one that is installed, pandas first. A path is read by the
    library's own scanner, without a Python object for each record.

    Raises ImportError where neither is installed.
    """
    frames = _library(library)
    if isinstance(metrics, os.PathLike) or (isinstance(metrics, str) and not is_json_text(metrics)):
        columns = _columns_of_file(metrics)
    else:
        flat = rows(measurements(metrics))
        columns = {name: [row.get(name) for row in flat] for name in columns_of(flat)}
    if frames.__name__ == "polars":  # which copies what it does not know as a buffer, and knows null from NaN
        return frames.DataFrame(
            {name: list(values) for name, values in columns.items()}, strict=False, nan_to_null=True
        )
    return frames.DataFrame(columns)
