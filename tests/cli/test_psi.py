# SPDX-License-Identifier: GPL-3.0-or-later
"""Pressure, of a command that waits for a known reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import CORES, Record, denet, measure, of_kind, the

pytestmark = pytest.mark.skipif(
    not Path("/proc/pressure/cpu").exists(), reason="this kernel keeps no account of pressure (psi=1)"
)
BLOCKS = ("psi_mem", "psi_io", "psi_cpu")
BURN = "while :; do :; done"


def crowd(path: Path) -> list[Record]:
    """Three busy processes a core: at each moment some of them wait for one."""
    start = f"for i in $(seq {3 * CORES}); do timeout 1.5 sh -c '{BURN}' & done; wait; true"
    _, records = measure(path, ["sh", "-c", start])
    return records


def capability(records: list[Record]) -> Record:
    found = of_kind(records, "metadata")[0]["capabilities"]["psi"]
    assert isinstance(found, dict)
    return found


def test_each_tree_has_pressure_and_says_whose_it_is(tmp_path: Path) -> None:
    _, records = measure(tmp_path / "f", ["sleep", "0.3"])
    scope = capability(records)["scope"]
    assert capability(records)["available"] is True
    assert capability(records)["per_process"] is (scope == "cgroup")
    for tree in of_kind(records, "tree"):
        for name in BLOCKS:
            block = tree["aggregated"][name]
            assert block["scope"] == scope
            assert 0 <= block["full_avg10"] <= block["some_avg10"] <= 1


def test_waiting_for_a_core_is_counted_by_the_time_that_it_lasted(tmp_path: Path) -> None:
    records = crowd(tmp_path / "f")
    exit_record = the(records, "exit")
    stalled = exit_record["psi_cpu"]["some_stalled_secs"]
    assert stalled > 0.5
    if capability(records)["scope"] == "cgroup":
        assert stalled <= exit_record["totals"]["wall_secs"] + 0.1


def test_the_parts_of_the_samples_come_to_no_more_than_the_whole(tmp_path: Path) -> None:
    records = crowd(tmp_path / "f")
    parts = sum(tree["aggregated"]["psi_cpu"]["some_stalled_secs"] for tree in of_kind(records, "tree"))
    whole = the(records, "exit")["psi_cpu"]["some_stalled_secs"]
    assert 0 < parts <= whole + 1e-6


def test_without_a_cgroup_it_is_the_systems() -> None:
    records = denet("--cgroup", "off", "--json", "run", "sleep", "0.1").records
    assert capability(records)["scope"] == "system"
    assert capability(records)["per_process"] is False


def test_a_run_and_its_file_characterize_memory_alike(tmp_path: Path) -> None:
    live, records = tmp_path / "live.json", tmp_path / "records"
    measure(records, ["sleep", "0.2"], "--stats", live)
    block = json.loads(live.read_text())["memory_characterization"]
    assert json.loads(denet("--json", "stats", records).stdout)["memory_characterization"] == block
    assert block["verdict"] in ("insufficient-data", "mixed", "memory-bound", "cpu-bound")
    assert 0 <= block["psi_some_fraction"] <= 1
