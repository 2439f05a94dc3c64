# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks that are set, and machines that sleep, by a double of the clocks that jumps in mid-run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import Background
from harness import (
    CORES,
    DENET,
    SANITIZED,
    Record,
    built_double,
    check_every_line,
    of_kind,
    preloading,
    read_records,
    the,
    totals,
    wait_until,
)

HOUR = 3600


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_double("clock", tmp_path_factory.mktemp("clock"))


def run_over_a_jump(double: Path, background: Background, tmp_path: Path, kind: str, seconds: int) -> list[Record]:
    """The records of a second's run in whose middle the clocks jump."""
    path, jump = tmp_path / "run.jsonl", tmp_path / "jump"
    environment = {
        **preloading(double),
        "JUMP": f"{kind} {seconds} {jump} {os.path.realpath(DENET)}",
    }
    script = f"until [ -e {jump} ]; do :; done; timeout 0.5 sh -c 'while :; do :; done'; exit 6"
    process = background([DENET, "-q", "-i", "20", "-m", "20", "-o", path, "run", "sh", "-c", script], env=environment)
    wait_until(lambda: path.exists() and path.read_bytes().count(b'"tree"') > 5)
    time.sleep(0.1)
    jump.touch()
    assert process.wait(60) == 6
    return read_records(path)


@pytest.mark.parametrize("seconds", [-HOUR, HOUR])
def test_a_clock_that_is_set_by_an_hour_moves_no_time_of_the_records(
    seconds: int, double: Path, background: Background, tmp_path: Path
) -> None:
    records = run_over_a_jump(double, background, tmp_path, "set", seconds)
    times = [r["ts_ms"] for r in records if "ts_ms" in r]
    assert all(0 <= b - a < 5000 for a, b in zip(times, times[1:])), times
    spans = [t["elapsed_us"] for t in of_kind(records, "tree")]
    assert all(0 < b - a < 5e6 for a, b in zip(spans, spans[1:])), spans
    assert the(records, "exit")["exit_code"] == 6
    assert 0.5 < totals(records)["wall_secs"] < 60
    check_every_line(records)


def test_over_a_sleep_of_an_hour_no_sample_is_made_up_and_no_rate_is_of_the_time_asleep(
    double: Path, background: Background, tmp_path: Path
) -> None:
    """What is elapsed is time awake, and a process is as old as the kernel says: an hour more."""
    records = run_over_a_jump(double, background, tmp_path, "sleep", HOUR)
    trees = of_kind(records, "tree")
    spans = [t["elapsed_us"] for t in trees]
    assert all(0 < b - a < 5e6 for a, b in zip(spans, spans[1:])), spans
    assert totals(records)["wall_secs"] < 60
    assert all(0 <= t["aggregated"]["cpu_usage"] <= 100 * CORES * 1.5 for t in trees)
    assert max(t["aggregated"]["cpu_usage"] for t in trees) > 20 or SANITIZED
    ages = [t["parent"]["uptime_secs"] for t in trees if t["parent"]]
    assert ages[0] < 60 and ages[-1] >= HOUR, ages
    check_every_line(records)
