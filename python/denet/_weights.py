# SPDX-License-Identifier: GPL-3.0-or-later
"""Means and the like, weighted by time: a value counts for the time since the sample before it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .records import Record, measured, number


def moments_of(records: Sequence[Record]) -> list[float]:
    """Seconds from when monitoring began where the records say so (elapsed_us), else Unix seconds; 0 where neither."""
    name, unit = ("elapsed_us", 1e6) if all(number(r, "elapsed_us") is not None for r in records) else ("ts_ms", 1e3)
    moments = []
    for record in records:
        values = measured(record) or {}
        found = number(record, name)
        moments.append((number(values, name) or 0 if found is None else found) / unit)
    return moments


def weights_of(records: Sequence[Record]) -> list[float]:
    """How long the interval was that ends with each. The first one's is known where the record says what passed."""
    moments = moments_of(records)
    since_start = bool(records) and number(records[0], "elapsed_us") is not None and moments[0] < 1e9
    before = [moments[0] if not since_start else 0.0, *moments[:-1]] if moments else []
    return [max(now - last, 0.0) for now, last in zip(moments, before)]


def mean_of(values: Sequence[float], weights: Sequence[float]) -> float:
    total = math.fsum(weights)
    if total <= 0:
        return math.fsum(values) / len(values)
    return math.fsum(v * w for v, w in zip(values, weights)) / total


def median_of(values: Sequence[float], weights: Sequence[float]) -> float:
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


def deviation_of(values: Sequence[float], weights: Sequence[float]) -> float:
    """Standard deviation; with equal weights the sample's own, as statistics.stdev."""
    mean = mean_of(values, weights)
    variance = mean_of([(v - mean) ** 2 for v in values], weights)
    return math.sqrt(variance * len(values) / (len(values) - 1))


def series_of(records: Sequence[Record], field: str) -> tuple[list[float], list[float]]:
    """The values of a field, and their weights; of the records that have it."""
    pairs = [(number(measured(r) or {}, field), w) for r, w in zip(records, weights_of(records))]
    known = [(float(v), w) for v, w in pairs if v is not None]
    return [v for v, _ in known], [w for _, w in known]
