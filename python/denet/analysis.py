# SPDX-License-Identifier: GPL-3.0-or-later
"""What records say about a run. Every function takes dicts, JSON strings, JSON text, a path or a monitor, of tree
records, samples and older files alike.

The interval between two samples grows while a command runs, so means are weighted by time: a value counts for the
time since the sample before it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .records import Metrics, Record, measured, measurements, number

_MIB = 2.0**20
# Grow from the start of monitoring on: of several samples the last one's stands for all.
_COUNTERS = frozenset(
    (
        "syscall_read_bytes",
        "syscall_write_bytes",
        "page_faults_cached",
        "page_faults_disk",
        "cpu_user_secs",
        "cpu_system_secs",
        "ctx_switches_voluntary",
        "ctx_switches_involuntary",
        "run_delay_secs",
        "io_read_ops",
        "io_write_ops",
        "disk_cancelled_write_bytes",
        "net_rx_bytes",
        "net_tx_bytes",
        "mem_rss_peak_kb",
    )
)
_NOT_FOLDED = frozenset(("ts_ms", "elapsed_us", "cpu_core"))


# --------------------------------------------------------------------------------------------------- time's weight


def _moments(records: Sequence[Record]) -> list[float]:
    """Seconds from when monitoring began where the records say so (elapsed_us), else Unix seconds; 0 where neither."""
    name, unit = ("elapsed_us", 1e6) if all(number(r, "elapsed_us") is not None for r in records) else ("ts_ms", 1e3)
    moments = []
    for record in records:
        values = measured(record) or {}
        found = number(record, name)
        moments.append((number(values, name) or 0 if found is None else found) / unit)
    return moments


def _weights(records: Sequence[Record]) -> list[float]:
    """How long the interval was that ends with each. The first one's is known where the record says what passed."""
    moments = _moments(records)
    since_start = bool(records) and number(records[0], "elapsed_us") is not None and moments[0] < 1e9
    before = [moments[0] if not since_start else 0.0, *moments[:-1]] if moments else []
    return [max(now - last, 0.0) for now, last in zip(moments, before)]


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    total = math.fsum(weights)
    if total <= 0:
        return math.fsum(values) / len(values)
    return math.fsum(v * w for v, w in zip(values, weights)) / total


def _median(values: Sequence[float], weights: Sequence[float]) -> float:
    """The value that half of the time was below; of two in the middle their mean."""
    order = sorted(zip(values, weights))
    if math.fsum(weights) <= 0:
        order = [(v, 1.0) for v, _ in order]
    order = [(v, w) for v, w in order if w > 0]
    half = math.fsum(w for _, w in order) / 2
    passed = 0.0
    for i, (value, weight) in enumerate(order):
        passed += weight
        if math.isclose(passed, half) and i + 1 < len(order):
            return (value + order[i + 1][0]) / 2
        if passed > half:
            return value
    return order[-1][0]


def _deviation(values: Sequence[float], weights: Sequence[float]) -> float:
    """Standard deviation; with equal weights the sample's own, as statistics.stdev."""
    mean = _mean(values, weights)
    variance = _mean([(v - mean) ** 2 for v in values], weights)
    return math.sqrt(variance * len(values) / (len(values) - 1))


def _series(records: Sequence[Record], field: str) -> tuple[list[float], list[float]]:
    """The values of a field, and their weights; of the records that have it."""
    pairs = [(number(measured(r) or {}, field), w) for r, w in zip(records, _weights(records))]
    known = [(float(v), w) for v, w in pairs if v is not None]
    return [v for v, _ in known], [w for _, w in known]


# ---------------------------------------------------------------------------------------------------- aggregation


def _fold(window: Sequence[Record], weights: Sequence[float], method: str) -> Record:
    """One dict of metrics out of several."""
    folded = dict(window[0])
    folded.update({name: window[-1][name] for name in ("ts_ms", "elapsed_us") if name in window[-1]})
    for field in {name for values in window for name in values} - _NOT_FOLDED:
        known = [(v, w) for v, w in ((number(values, field), w) for values, w in zip(window, weights)) if v is not None]
        if not known:
            continue
        numbers = [v for v, _ in known]
        if field in _COUNTERS:
            folded[field] = numbers[0] if method == "min" else numbers[-1]
        elif method == "mean":
            folded[field] = _mean(numbers, [w for _, w in known])
        else:
            folded[field] = max(numbers) if method == "max" else min(numbers)
    return folded


def aggregate_metrics(metrics: Metrics, window_size: int = 10, method: str = "mean") -> list[Record]:
    """Every `window_size` consecutive measurements as one, the last window perhaps shorter.

    `method` is ``mean`` (weighted by time), ``max`` or ``min``. Cumulative counters are the last one's (``min``: the
    first one's). A result is a copy of its window's first record under the last one's time, with ``_aggregated``,
    ``_window_size`` and ``_aggregation_method`` besides.

    Raises ValueError for another method or a window below 1, TypeError for a window that is no whole number.

    >>> [round(r["cpu_usage"], 1) for r in aggregate_metrics([{"ts_ms": t, "cpu_usage": c} for t, c in
    ...     ((0, 0.0), (100, 100.0), (1100, 0.0))], window_size=3)]
    [9.1]
    """
    if isinstance(window_size, bool) or not isinstance(window_size, int):
        raise TypeError(f"window_size: a whole number of records, not {type(window_size).__name__}")
    if window_size < 1:
        raise ValueError(f"window_size: {window_size} records; give 1 or more")
    if method not in ("mean", "max", "min"):
        raise ValueError(f"method: {method!r}; it is one of mean, max, min")
    records = measurements(metrics)
    weights = _weights(records)
    results = []
    for i in range(0, len(records), window_size):
        window, spans = records[i : i + window_size], weights[i : i + window_size]
        folded = _fold([measured(r) or {} for r in window], spans, method)
        result = folded
        if "aggregated" in window[0]:
            times: Record = {name: window[-1][name] for name in ("ts_ms", "elapsed_us") if name in window[-1]}
            result = {**window[0], **times, "aggregated": folded}
        result.update(_aggregated=True, _window_size=len(window), _aggregation_method=method)
        results.append(result)
    return results


# ---------------------------------------------------------------------------------------------------------- peaks


def find_peaks(
    metrics: Metrics, field: str = "cpu_usage", threshold: float = 0.8, window_size: int = 5
) -> list[Record]:
    """The records where `field` (dots for what is nested) was highest: one for each time that it rose to the threshold.

    A `threshold` up to 1 is a share of the greatest value, above 1 a value in the field's own unit. Two rises that are
    fewer than half of `window_size` samples apart count as one. The first and the last sample may be peaks.

    >>> [r["ts_ms"] for r in find_peaks([{"ts_ms": t, "cpu_usage": c} for t, c in enumerate((0, 9, 0, 0, 10, 0))])]
    [1, 4]
    """
    records = measurements(metrics)
    found = [number(measured(r) or {}, field) for r in records]
    known = [v for v in found if v is not None]
    if not known or max(known) <= 0:
        return []
    level = threshold * max(known) if threshold <= 1 else threshold
    peaks: list[int] = []
    last_above = None
    for i, value in enumerate(found):
        if value is None or value < level:
            continue
        if last_above is not None and i - last_above - 1 < max(window_size // 2, 1):
            highest = found[peaks[-1]]
            if highest is not None and value > highest:
                peaks[-1] = i
        else:
            peaks.append(i)
        last_above = i
    return [dict(records[i]) for i in peaks]


# ---------------------------------------------------------------------------------------------------- utilisation


def _describe(
    values: Sequence[float], weights: Sequence[float], names: Sequence[str], scale: float
) -> dict[str, float]:
    """avg, max, min, median and stdev; `names` are the endings, the first of them with all."""
    scaled = [v / scale for v in values]
    what = {
        "avg": _mean(scaled, weights),
        "max": max(scaled),
        "min": min(scaled),
        "median": _median(scaled, weights),
    }
    if len(scaled) > 1:
        what["stdev"] = _deviation(scaled, weights)
    return {f"{key}_{name}": value for name in names for key, value in what.items()}


def _total(records: Sequence[Record], field: str) -> float | None:
    """What a counter came to. In older files it falls when a child ends: the greatest is then nearest to the truth."""
    values, _ = _series(records, field)
    return max(values) if values else None


def resource_utilization(metrics: Metrics) -> dict[str, float]:
    """A run in a few numbers: percent of a core, MiB (2**20 bytes), threads, seconds.

    ``avg_``, ``max_``, ``min_``, ``median_`` and (from two records on) ``stdev_`` of ``cpu`` and ``mem_mb`` (also
    spelt ``memory_mb``, and ``std_cpu``); ``total_read_mb``, ``total_write_mb`` and ``total_io_bytes`` of the disk,
    ``total_sys_net_rx_mb``, ``total_sys_net_tx_mb``; ``avg_``, ``max_``, ``min_threads``; ``total_time_sec``.
    What no record has is absent.
    """
    records = measurements(metrics)
    result: dict[str, float] = {}
    cpu, cpu_weights = _series(records, "cpu_usage")
    if cpu:
        result.update(_describe(cpu, cpu_weights, ("cpu",), 1))
        if "stdev_cpu" in result:
            result["std_cpu"] = result["stdev_cpu"]
    memory, memory_weights = _series(records, "mem_rss_kb")
    if memory:
        result.update(_describe(memory, memory_weights, ("mem_mb", "memory_mb"), 1024))
    for key, field in (
        ("total_read_mb", "disk_read_bytes"),
        ("total_write_mb", "disk_write_bytes"),
        ("total_sys_net_rx_mb", "sys_net_rx_bytes"),
        ("total_sys_net_tx_mb", "sys_net_tx_bytes"),
    ):
        total = _total(records, field)
        if total is not None:
            result[key] = total / _MIB
    if "total_read_mb" in result or "total_write_mb" in result:
        parts = (_total(records, "disk_read_bytes"), _total(records, "disk_write_bytes"))
        result["total_io_bytes"] = int(sum(part for part in parts if part is not None))
    threads, thread_weights = _series(records, "thread_count")
    if threads:
        result["avg_threads"] = _mean(threads, thread_weights)
        result["max_threads"] = int(max(threads))
        result["min_threads"] = int(min(threads))
    if any(number(r, "ts_ms") is not None or number(measured(r) or {}, "ts_ms") is not None for r in records):
        result["total_time_sec"] = _span(records)
    return result


def _span(records: Sequence[Record]) -> float:
    moments = _moments(records)
    return max(moments) - min(moments) if moments else 0.0


# ------------------------------------------------------------------------------------------------- process by process


Series = list[tuple[Record, float]]


class _Process:
    """One that had a PID for a time."""

    def __init__(self) -> None:
        self.series: Series = []
        self.age: float = 0
        self.command: str | None = None


_PROFILED = (("cpu", "cpu_usage", 1), ("memory_mb", "mem_rss_kb", 1024), ("threads", "thread_count", 1))


def _profile(series: Series) -> dict[str, Any]:
    """P of process_tree_analysis: of one process, or of the whole."""
    profile: dict[str, Any] = {}
    for what, field, scale in (
        ("cpu", "cpu_usage", 1),
        ("memory_mb", "mem_rss_kb", 1024),
        ("threads", "thread_count", 1),
    ):
        known = [(v / scale, w) for v, w in ((number(values, field), w) for values, w in series) if v is not None]
        numbers, weights = [v for v, _ in known] or [0.0], [w for _, w in known] or [0.0]
        profile[f"avg_{what}"] = _mean(numbers, weights)
        profile[f"max_{what}"] = max(numbers)
    return profile


def _children(record: Record) -> list[Record]:
    children = record.get("children", record.get("child_processes"))
    return [child for child in children if isinstance(child, dict)] if isinstance(children, list) else []


def _parent(record: Record) -> Record | None:
    if "parent" in record or "aggregated" in record:
        parent = record.get("parent")
        return parent if isinstance(parent, dict) else None
    return record  # flat: its values stand at the top


def process_tree_analysis(metrics: Metrics) -> dict[str, Any]:
    """``{"main_process": P, "child_processes": {pid: P}, "total": P}`` from tree records; {} where there are none.

    P holds avg_cpu, max_cpu (percent), avg_memory_mb, max_memory_mb (MiB), avg_threads, max_threads; a child's also
    its ``command``, and ``earlier``, a list of P, where others had its PID before. Each is of the time in which the
    process was seen; ``total`` is of the whole tree at once.
    """
    records = [r for r in measurements(metrics) if "children" in r or "child_processes" in r]
    if not records:
        return {}
    weights = _weights(records)
    main: Series = []
    total: Series = []
    children: dict[int, list[_Process]] = {}
    for record, weight in zip(records, weights):
        parent = _parent(record)
        if parent is not None:
            main.append((parent, weight))
        total.append(((measured(record) or {}) if "aggregated" in record else _flat_sum(record), weight))
        for child in _children(record):
            if isinstance(child.get("pid"), int):
                _add_child(children.setdefault(child["pid"], []), child, weight)
    return {
        "main_process": _profile(main),
        "child_processes": {pid: _profile_of_pid(processes) for pid, processes in children.items()},
        "total": _profile(total),
    }


def _add_child(processes: list[_Process], child: Record, weight: float) -> None:
    """To the process that had this PID, or to another: one that is younger than it was is another."""
    metrics = child.get("metrics")
    values = metrics if isinstance(metrics, dict) else child
    age = number(values, "uptime_secs") or 0
    if not processes or age < processes[-1].age:
        processes.append(_Process())
    process = processes[-1]
    process.age = age
    process.series.append((values, weight))
    if isinstance(child.get("command"), str):
        process.command = child["command"]


def _profile_of_pid(processes: list[_Process]) -> dict[str, Any]:
    profiles = []
    for process in processes:
        profile = _profile(process.series)
        if process.command is not None:
            profile["command"] = process.command
        profiles.append(profile)
    if len(profiles) > 1:
        profiles[-1]["earlier"] = profiles[:-1]
    return profiles[-1]


def _flat_sum(record: Record) -> Record:
    """Of a flat record, which has no aggregate: the main process and its children added up."""
    parts = [record, *_children(record)]
    summed = {}
    for field in ("cpu_usage", "mem_rss_kb", "thread_count"):
        known = [v for v in (number(part, field) for part in parts) if v is not None]
        if known:
            summed[field] = math.fsum(known)
    return summed
