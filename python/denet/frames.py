# SPDX-License-Identifier: GPL-3.0-or-later
"""Data frames of records, by pandas or polars, whichever is there; neither is required."""

from __future__ import annotations

import importlib
import os
from array import array
from typing import Any

from .records import Metrics, columns_of, measurements, rows

_LIBRARIES = ("pandas", "polars")


def _library(name: str | None) -> Any:
    if name is not None and name not in _LIBRARIES:
        raise ValueError(f"library: {name!r}; it is one of {', '.join(_LIBRARIES)}")
    for candidate in (name,) if name else _LIBRARIES:
        try:
            return importlib.import_module(candidate)
        except ImportError:
            continue
    raise ImportError(f"a data frame needs {name or 'pandas or polars'}: pip install {name or 'pandas'}")


def _from_file(path: str) -> dict[str, Any] | None:
    """Columns of a file's measurements by the library's own scanner: no record becomes a Python object."""
    from . import _stream

    columns: dict[str, array[float]] | None = _stream.columns_of_file(path)
    return columns
