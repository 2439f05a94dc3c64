# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved records: loaded, saved, converted, and the one form in which the analysis functions see them.

A record is a dict as denet writes it, one JSON object a line. What is measured stands in a ``tree`` record under
``aggregated``, in a ``sample`` (and in untagged lines of older releases) beside the kind.
"""

from __future__ import annotations

import csv
import errno
import gc
import gzip
import io
import json
import math
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Union

from . import _records
from ._options import FORMATS

Record = dict[str, Any]
#: What every function here takes: dicts, JSON strings, one text of JSON lines or of an array, a path, or a monitor.
Metrics = Union[Iterable[Any], str, bytes, "os.PathLike[str]", None]

_MEASURING = ("tree", "sample", "aggregated")
_FIRST_COLUMNS = ("ts_ms", "cpu_usage", "mem_rss_kb", "mem_vms_kb")
_OLD_NAMES = {"sys_net_rx_bytes": "net_rx_bytes", "sys_net_tx_bytes": "net_tx_bytes"}


def kind_of(record: Record) -> str:
    """The kind of a record; of an untagged one, as releases before 0.6 wrote them, by its shape.

    >>> kind_of({"kind": "exit"}), kind_of({"ts_ms": 1, "cpu_usage": 0.0}), kind_of({"aggregated": None})
    ('exit', 'sample', 'tree')
    """
    kind = record.get("kind")
    if isinstance(kind, str):
        return kind
    if "aggregated" in record or "children" in record:
        return "tree"
    if "t0_ms" in record:
        return "metadata"
    return "sample"


def is_measurement(record: Record) -> bool:
    """Whether it is a tree or sample record, and not metadata, env, child or exit."""
    return kind_of(record) in _MEASURING


def measured(record: Record) -> Record | None:
    """The metrics of a record: of a tree its aggregate; None where it has none (the tree had ended, or a record of
    another kind)."""
    kind = kind_of(record)
    if kind not in _MEASURING:
        return None
    # Flat dicts with children, as process_tree_analysis has always taken them, hold their values beside these.
    values = record if kind == "sample" else record.get("aggregated", record)
    return values if isinstance(values, dict) else None


def number(values: Record, field: str) -> float | int | None:
    """A metric by its name, dots for what is nested; None: absent, null, no number, or not finite."""
    value: Any = values
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None and field in _OLD_NAMES:
        value = values.get(_OLD_NAMES[field])
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value


# -------------------------------------------------------------------------------------------------------- loading


def _parse(data: bytes, whence: str) -> list[Record]:
    """Lines or one array. A broken line is left out and named in a warning; where nothing is whole, JSONDecodeError."""
    data = data[3:] if data.startswith(b"\xef\xbb\xbf") else data
    collecting = gc.isenabled()
    gc.disable()  # thousands of young dicts, none of them garbage
    try:
        if data[:64].lstrip()[:1] == b"[":
            return _parse_array(data, whence)
        records, broken = _records.lines(data)
    finally:
        if collecting:
            gc.enable()
    if broken and not records:
        raise json.JSONDecodeError(f"{whence}: line {broken[0]} is no JSON object, nor is any other", "", 0)
    if broken:
        where = ", ".join(map(str, broken[:3])) + (" …" if len(broken) > 3 else "")
        warnings.warn(f"{whence}: {len(broken)} broken lines left out (line {where})", stacklevel=4)
    return records


def _parse_array(data: bytes, whence: str) -> list[Record]:
    try:
        array = _records.value(data)
    except ValueError:
        raise json.JSONDecodeError(f"{whence}: it begins as a JSON array and is none", "", 0) from None
    return _checked(array, whence)


def encoded(text: str | bytes) -> bytes:
    """JSON as the parser takes it; what is no text (a lone surrogate) is its to refuse."""
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _checked(items: Iterable[Any], whence: str) -> list[Record]:
    """Each item as a dict; TypeError or ValueError that says which is none."""
    records = []
    for i, item in enumerate(items):
        if isinstance(item, (str, bytes)):
            try:
                item = _records.value(encoded(item))
            except ValueError:
                raise ValueError(f"{whence}[{i}]: not JSON: {item[:40]!r}") from None
        if not isinstance(item, dict):
            raise ValueError(f"{whence}[{i}]: a record is a dict or a JSON object, not {type(item).__name__}")
        records.append(item)
    return records


def _through_library(path: str) -> bytes:
    """What the library alone reads: CSV, and what is compressed by zstd."""
    from ._stream import Stream, record_text

    stream = Stream.read(os.fsencode(path))
    lines: list[str] = []
    while True:
        try:
            record = stream.next(-1)
        except EOFError:
            return "\n".join(lines).encode()
        except OSError as e:
            if e.errno != errno.EBADMSG:  # a broken line is left out
                raise
            continue
        if record is not None:
            lines.append(record_text(record))


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data)
    if data.startswith(b"\x28\xb5\x2f\xfd") or data.lstrip(b"\xef\xbb\xbf")[:5] == b"ts_ms":
        return _through_library(path)
    return data


def load_metrics(path: str | os.PathLike[str], include_metadata: bool = False) -> list[Record]:
    """The records of a file: JSON lines, an array, denet's CSV, each perhaps compressed (.gz, .zst).

    Tree and sample records, in the file's order; with include_metadata also ``metadata`` and ``env``. Lines that are
    cut or broken are left out, with a warning that names them.

    Raises FileNotFoundError, PermissionError, IsADirectoryError, and json.JSONDecodeError (a ValueError) where no line
    is whole.
    """
    path = os.fspath(path)
    wanted = (*_MEASURING, "metadata", "env") if include_metadata else _MEASURING
    return [record for record in _parse(_read(path), path) if kind_of(record) in wanted]


def is_json_text(text: str | bytes) -> bool:
    """Whether it is JSON, and no path."""
    head = text[:64].lstrip()
    return head[:1] in ("{", "[", b"{", b"[")


def as_records(metrics: Metrics) -> list[Record]:
    """All that the functions of this package take, as a list of dicts (the same dicts, where they are given).

    >>> as_records('{"kind":"sample","ts_ms":1}')
    [{'kind': 'sample', 'ts_ms': 1}]
    >>> as_records(None)
    []
    """
    if metrics is None:
        return []
    if isinstance(metrics, bytes) or (isinstance(metrics, str) and is_json_text(metrics)):
        return _parse(encoded(metrics), "metrics")
    if isinstance(metrics, (str, os.PathLike)):
        return _parse(_read(os.fspath(metrics)), os.fspath(metrics))
    get_samples = getattr(metrics, "get_samples", None)
    if get_samples:
        return _checked(get_samples(), "samples")
    if isinstance(metrics, dict):
        return [metrics]
    try:
        items = iter(metrics)
    except TypeError:
        raise TypeError(f"metrics: a list of records, JSON text or a path, not {type(metrics).__name__}") from None
    return _checked(items, "metrics")


def measurements(metrics: Metrics) -> list[Record]:
    """Of as_records those that measure something, with values."""
    return [r for r in as_records(metrics) if measured(r) is not None]


# --------------------------------------------------------------------------------------------------------- saving


def _finite(value: Any) -> Any:
    """JSON has no NaN: null stands for it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return value


def _json(value: Any, indent: int | None = None) -> str:
    try:
        return json.dumps(value, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), indent=indent)


def flatten(values: Record, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names with dots, and what is no object.

    >>> dict(flatten({"a": 1, "psi_mem": {"some_avg10": 0.5}}))
    {'a': 1, 'psi_mem.some_avg10': 0.5}
    """
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def rows(records: Iterable[Record]) -> list[Record]:
    """A flat dict for each tree (its aggregate) or sample, ts_ms in each, and no kind."""
    flat = []
    for record in records:
        values = measured(record)
        if values is None:
            continue
        row = {k: v for k, v in flatten(values) if k not in ("kind", "children", "child_processes", "parent")}
        for key in ("ts_ms", "elapsed_us"):
            if key in record:
                row.setdefault(key, record[key])
        flat.append(row)
    return flat


def columns_of(flat: Sequence[Record]) -> list[str]:
    """The names in all rows: the usual ones first, then the rest in the order of the alphabet."""
    names = {name for row in flat for name in row}
    first = [name for name in _FIRST_COLUMNS if name in names]
    return first + sorted(names.difference(first))


def _csv(records: Iterable[Record]) -> str:
    flat = rows(records)
    out = io.StringIO()
    if flat:
        writer = csv.DictWriter(out, columns_of(flat), restval="", lineterminator="\n")
        writer.writeheader()
        for row in flat:
            writer.writerow({k: json.dumps(v) if isinstance(v, (list, bool)) else _finite(v) for k, v in row.items()})
    return out.getvalue()


def _format(name: str) -> str:
    if name not in FORMATS:
        raise ValueError(f"{name!r}: no format of denet's; it is one of {', '.join(FORMATS)}")
    return name


def _convert(records: list[Record], to_format: str, indent: int | None) -> str:
    if _format(to_format) == "csv":
        return _csv(records)
    if to_format == "json":
        return _json(records, indent)
    return "\n".join(_json(record) for record in records)


def convert_format(metrics: Metrics, to_format: str = "csv", indent: int | None = None) -> str:
    """Records as text: ``csv`` (a row a tree or sample, nested names dotted, ending in a newline), ``json`` (one
    array, `indent` as json.dumps has it) or ``jsonl`` (without a newline at its end).

    >>> print(convert_format([{"ts_ms": 1, "cpu_usage": 12.5, "psi_mem": {"some_avg10": 0.1}}]), end="")
    ts_ms,cpu_usage,psi_mem.some_avg10
    1,12.5,0.1
    """
    _format(to_format)
    return _convert(as_records(metrics), to_format, indent)


def save_metrics(
    metrics: Metrics, path: str | os.PathLike[str], format: str = "jsonl", include_metadata: bool = True
) -> None:
    """Writes records to a file, which is replaced whole. With include_metadata those that are no measurements too
    (metadata, env, child, exit), in JSON lines alone; none is invented.

    Raises ValueError for an unknown format or records that are none, OSError where the file cannot be written.
    """
    _format(format)
    if metrics is None:
        raise TypeError("metrics: a list of records, JSON text or a path, not None")
    records = as_records(metrics)
    if format != "jsonl" or not include_metadata:
        records = [record for record in records if is_measurement(record)]
    text = _convert(records, format, 2 if format == "json" else None)
    if text and not text.endswith("\n"):
        text += "\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
