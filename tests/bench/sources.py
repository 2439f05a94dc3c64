#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one reading of each source costs, as a multiple of a plain sample of the same sleeping process, in which nothing
slow is due. These are read once a second, however often samples are taken.

GPUs are those of tests/doubles/nvml.c; a pass takes what their thread has published (gpu.py has the thread's part)."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
from pathlib import Path

import common


def measure(program: Path, rounds: int, doubles: Path) -> dict[str, float]:
    """Microseconds, by source."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(doubles), "FAKE_NVML": "devices=8"}
    said = subprocess.run([str(program), str(rounds)], stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return {name: int(ns) / 1000 for name, ns in (line.split("\t") for line in said.stdout.splitlines())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", type=Path, default=Path(common.DENET))
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--json", type=Path, help="the figures to this file")
    options = parser.parse_args()
    build = options.denet.resolve().parent
    program = build / "tests" / "bench" / "sources"
    runs = [
        measure(program, 300 if options.quick else 2000, build / "tests" / "doubles")
        for _ in range(3 if options.quick else 7)
    ]
    figures = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    plain = figures["plain sample"]
    for name, us in figures.items():
        print(f"{name:20} {us:8.1f} us  {us / plain:6.2f} times the plain sample")
    if options.json:
        options.json.write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
