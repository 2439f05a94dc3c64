#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does denet grow? A command that forks a thousand times a second, watched at 10 Hz for as long as is wanted.

Every few seconds denet's own memory, descriptors and page faults are read into a curve. Prints what they were after
the first minute and at the end; the curve goes to a file. The records go nowhere, so that the disk does not fill."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import common


def look(pid: int, began: float) -> dict[str, Any]:
    proc = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    stat = (proc / "stat").read_text().rpartition(")")[2].split()
    return {
        "at_secs": round(time.monotonic() - began, 1),
        "rss_kb": int(status["VmRSS"].split()[0]),
        "data_kb": int(status["VmData"].split()[0]),
        "peak_kb": int(status["VmHWM"].split()[0]),
        "descriptors": len(os.listdir(proc / "fd")),
        "faults": int(stat[7]) + int(stat[9]),
        "cpu_secs": round(common.clock_of(pid), 3),
    }


def curve(denet: subprocess.Popen[bytes], every: float) -> list[dict[str, Any]]:
    began = time.monotonic()
    seen: list[dict[str, Any]] = []
    while True:
        try:
            denet.wait(max(began + every * len(seen) - time.monotonic(), 0.001) if seen else 1)
            return seen
        except subprocess.TimeoutExpired:
            seen.append(look(denet.pid, began))


def show(name: str, point: dict[str, Any]) -> None:
    print(
        f"{name:<16} {point['at_secs']:>8.0f} s {point['rss_kb']:>8} kB resident {point['data_kb']:>8} kB data "
        f"{point['descriptors']:>5} descriptors {point['faults']:>8} faults {point['cpu_secs']:>9.2f} s CPU"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", default=common.DENET)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--forks", type=int, default=1000, help="a second")
    parser.add_argument("--every", type=float, default=10, help="seconds between two looks")
    parser.add_argument("--json", type=Path, default=common.ROOT / "build/soak.json", help="the curve")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        storm = [common.build(Path(folder), "storm")["storm"], str(options.forks), str(options.seconds)]
        command = [options.denet, "-q", "-i", "100", "-m", "100", "-o", "/dev/null", "run", *storm]
        with subprocess.Popen(command) as denet:
            points = curve(denet, options.every)
    if denet.returncode != 0 or not points:
        sys.exit(f"soak: denet ended with status {denet.returncode}")
    options.json.write_text(json.dumps({"forks": options.forks, "curve": points}, indent=1) + "\n")
    show("at first", points[0])
    show("at the end", points[-1])
    later = [p for p in points if p["at_secs"] >= 60]
    if not later:
        return
    show("after a minute", later[0])
    held = [p["descriptors"] for p in later]
    print(
        f"after the first minute: {points[-1]['rss_kb'] - later[0]['rss_kb']:+} kB resident, "
        f"{points[-1]['faults'] - later[0]['faults']:+} faults, {min(held)} to {max(held)} descriptors, "
        f"in {(points[-1]['at_secs'] - later[0]['at_secs']) / 60:.1f} minutes"
    )


if __name__ == "__main__":
    main()
