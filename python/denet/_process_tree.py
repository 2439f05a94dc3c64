# SPDX-License-Identifier: GPL-3.0-or-later
"""What each process of a tree used."""

from __future__ import annotations

import math
from typing import Any

from ._weights import mean_of, weights_of
from .records import Metrics, Record, measured, measurements, number

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
    for what, field, scale in _PROFILED:
        known = [(v / scale, w) for v, w in ((number(values, field), w) for values, w in series) if v is not None]
        numbers, weights = [v for v, _ in known] or [0.0], [w for _, w in known] or [0.0]
        profile[f"avg_{what}"] = mean_of(numbers, weights)
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
    weights = weights_of(records)
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
