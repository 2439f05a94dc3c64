# SPDX-License-Identifier: GPL-3.0-or-later
"""Summaries of saved records, by the C library's own reader and in its own words: the same numbers as `denet stats`."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable

from . import _records
from .records import encoded

# What a summary of nothing has always had.
_ZERO = {
    "total_time_secs": 0.0,
    "sample_count": 0,
    "max_processes": 0,
    "max_threads": 0,
    "total_disk_read_bytes": 0,
    "total_disk_write_bytes": 0,
    "total_sys_net_rx_bytes": 0,
    "total_sys_net_tx_bytes": 0,
    "peak_mem_rss_kb": 0,
    "avg_cpu_usage": 0.0,
}


def generate_summary_from_file(path: str | os.PathLike[str]) -> str:
    """The summary of a file of records, as a JSON string: JSON lines, an array, CSV, each perhaps compressed.

    Broken lines are left out. Raises FileNotFoundError, IsADirectoryError …, and OSError where no record measures
    anything.
    """
    text, measured, broken = _records.summary(os.fsencode(path), None)
    if measured == 0:
        lines = f", {broken} broken lines" if broken else ""
        raise OSError(f"{os.fspath(path)}: No valid metrics found in file{lines}")
    return text


def generate_summary_from_metrics_json(metrics_json: Iterable[str | bytes], elapsed_time: float | None = None) -> str:
    """The summary of records given as JSON strings (as ``ProcessMonitor.get_samples`` gives them), as a JSON string.

    elapsed_time: what total_time_secs is to say, in seconds; None: the span of the records.
    """
    if isinstance(metrics_json, (str, bytes)) or metrics_json is None:
        raise TypeError("metrics_json: a list of JSON strings, one a record")
    if elapsed_time is not None and not math.isfinite(elapsed_time):
        raise ValueError(f"elapsed_time: {elapsed_time} is no number of seconds")
    lines = []
    for i, item in enumerate(metrics_json):
        if not isinstance(item, (str, bytes)):
            raise TypeError(f"metrics_json[{i}]: a JSON string, not {type(item).__name__}")
        lines.append(encoded(item).replace(b"\n", b" "))
    text, measured, _ = _records.summary(None, b"\n".join(lines) + b"\n")
    summary = json.loads(text) if measured else dict(_ZERO)
    if elapsed_time is not None:
        summary["total_time_secs"] = float(elapsed_time)
    return json.dumps(summary, separators=(",", ":"))
