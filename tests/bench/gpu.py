#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GPUs cost: CPU time of denet with --gpu as a multiple of the same run without it, both threads counted.

The driver is tests/doubles/nvml.c, which answers at once: what a real one takes for its answers comes on top. The runs
take turns; a row is the median of the rounds, from how many samples there were and what a run without samples costs."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

import common

INTERVAL_MS = 10
CASES = {"without": 0, "1 device": 1, "8 devices": 8}


def cpu_us_a_sample(denet: Path, devices: int, secs: float, file: Path) -> float:
    """Microseconds of CPU time for each sample of `sleep`, the command's own and the start left out."""
    options = ["--gpu"] if devices else []
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(denet.parent / "tests" / "doubles"),
        "FAKE_NVML": f"devices={devices} proc=1:500:30 proc1=1:500:30",
    }
    spent, samples = [], []
    for length in (secs, 0.05):
        command = [str(denet), "-q", *options, "-i", str(INTERVAL_MS), "-m", str(INTERVAL_MS), "-o", str(file)]
        process = subprocess.Popen([*command, "run", "sleep", str(length)], env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        spent.append(usage.ru_utime + usage.ru_stime)
        samples.append(file.read_bytes().count(b'"kind":"tree"'))
    return 1e6 * (spent[0] - spent[1]) / (samples[0] - samples[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", type=Path, default=Path(common.DENET))
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", type=Path, help="the figures to this file")
    options = parser.parse_args()
    rounds, secs = (3, 2.0) if options.quick else (7, 4.0)
    found: dict[str, list[float]] = {name: [] for name in CASES}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name, devices in CASES.items():
                file = Path(folder) / "run.jsonl"
                found[name].append(cpu_us_a_sample(options.denet.resolve(), devices, secs, file))
    figures = {name: statistics.median(of) for name, of in found.items()}
    for name, of in figures.items():
        print(f"{name:12} {of:8.1f} us a sample  {of / figures['without']:6.2f} times the plain one")
    if options.json:
        options.json.write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
