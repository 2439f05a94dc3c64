# SPDX-License-Identifier: GPL-3.0-or-later
"""A script written for the Rust denet finds under ours every key that it found there, of the same type."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
THEIRS = HERE.parent / "fixtures" / "peer" / "same_script.json"

# What is otherwise on purpose: a reason where there is something to excuse, zones by name, and of the tree alone, once,
# pressure and network.
OTHERWISE = (".psi.reason", ".rapl.zones", ".parent.psi_mem", ".metrics.sys_net_rx_bytes", ".metrics.sys_net_tx_bytes")
# What a machine has or has not, and not what the package gives.
OF_THE_MACHINE = ("cpu_governor", "cpu_freq_khz", "cpu_max_freq_khz", "cpufreq_cpus", "smt_active", "thp_enabled")


def missing(theirs: Any, ours: Any, where: str = "") -> Iterator[str]:
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            yield f"{where}: {ours} for an object"
            return
        for key, value in theirs.items():
            if key in OF_THE_MACHINE or value == "null" or f"{where}.{key}".endswith(OTHERWISE):
                continue
            if key in ours:
                yield from missing(value, ours[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}: missing"
    elif isinstance(theirs, list) and theirs and isinstance(ours, list):
        if ours:
            for i, value in enumerate(theirs):
                yield from missing(value, ours[min(i, len(ours) - 1)], f"{where}[{i}]")
        else:
            yield f"{where}: empty"
    elif type(theirs) is not type(ours) or (isinstance(theirs, str) and theirs != ours):
        yield f"{where}: {ours} for {theirs}"


def test_every_key_is_there_and_of_its_type() -> None:
    theirs = json.loads(THEIRS.read_text())
    ours = json.loads(subprocess.check_output([sys.executable, HERE / "same_script.py"]))
    assert list(missing(theirs, ours)) == []
    assert ours["execute_with_monitoring"][0] == theirs["execute_with_monitoring"][0] == 3
