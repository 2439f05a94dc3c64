# SPDX-License-Identifier: GPL-3.0-or-later
"""What records say about a run. Every function takes dicts, JSON strings, JSON text, a path or a monitor, of tree
records, samples and older files alike.

The interval between two samples grows while a command runs, so means are weighted by time: a value counts for the
time since the sample before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._process_tree import process_tree_analysis as process_tree_analysis
from ._weights import deviation_of, mean_of, median_of, moments_of, series_of, weights_of
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
            folded[field] = mean_of(numbers, [w for _, w in known])
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
    weights = weights_of(records)
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
        "avg": mean_of(scaled, weights),
        "max": max(scaled),
        "min": min(scaled),
        "median": median_of(scaled, weights),
    }
    if len(scaled) > 1:
        what["stdev"] = deviation_of(scaled, weights)
    return {f"{key}_{name}": value for name in names for key, value in what.items()}


def _total(records: Sequence[Record], field: str) -> float | None:
    """What a counter came to. In older files it falls when a child ends: the greatest is then nearest to the truth."""
    values, _ = series_of(records, field)
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
    cpu, cpu_weights = series_of(records, "cpu_usage")
    if cpu:
        result.update(_describe(cpu, cpu_weights, ("cpu",), 1))
        if "stdev_cpu" in result:
            result["std_cpu"] = result["stdev_cpu"]
    memory, memory_weights = series_of(records, "mem_rss_kb")
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
    threads, thread_weights = series_of(records, "thread_count")
    if threads:
        result["avg_threads"] = mean_of(threads, thread_weights)
        result["max_threads"] = int(max(threads))
        result["min_threads"] = int(min(threads))
    if any(number(r, "ts_ms") is not None or number(measured(r) or {}, "ts_ms") is not None for r in records):
        result["total_time_sec"] = _span(records)
    return result


def _span(records: Sequence[Record]) -> float:
    moments = moments_of(records)
    return max(moments) - min(moments) if moments else 0.0
