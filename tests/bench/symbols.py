#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what it costs to unwind a stack and to name its frames, off the sampling path: the first time, when files are
opened and tables made, and again.

By the helper of the tests (tests/symbols/frames.c), each time in a new process, so that nothing of it is kept in
between; files are in the page cache. The fastest counts, since all that disturbs makes it longer."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ADDRESSES = 1000  # spread over the largest file of a process


@contextmanager
def waiting(command: list[str]) -> Iterator[int]:
    """A process that says that it is ready, and waits."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin and process.stdout
    process.stdout.readline()
    time.sleep(0.1)
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def best(frames: Path, pid: int, rounds: int, *options: str) -> dict[str, Any]:
    """Of each cost the fastest, in microseconds."""
    found: dict[str, Any] = {}
    for _ in range(rounds):
        answer = json.loads(subprocess.run([frames, *options, str(pid)], capture_output=True, check=True).stdout)
        for name in ("learn", "unwind", "again", "frames"):
            found[name] = min(found.get(name, float("inf")), answer[f"{name}_ns"] / 1000)
        found["n"] = len(answer["frames"])
    return found


def measure(frames: Path, where: Path, rounds: int) -> dict[str, Any]:
    chain = str(where / "chain")
    subprocess.run(["cc", "-O2", "-g", "-pthread", "-o", chain, ROOT / "tests/symbols/chain.c"], check=True)
    results: dict[str, Any] = {}
    with waiting([chain]) as pid:
        results["C, blocked in read"] = best(frames, pid, rounds)
    with waiting([chain, "deep", "20"]) as pid:
        results["the same below 20 calls"] = best(frames, pid, rounds)
    if shutil.which("node"):
        script = "require('fs').writeSync(1, 'ready\\n'); setInterval(() => {}, 1000)"
        with waiting(["node", "-e", script]) as pid:
            results["node, in its event loop"] = best(frames, pid, rounds, "--stack", "65536")
            results[f"{ADDRESSES:,} addresses of node"] = best(frames, pid, rounds, "--sweep", str(ADDRESSES))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", type=Path, default=ROOT / "build/denet")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    frames = options.denet.resolve().parent / "tests/symbols/frames"
    if not frames.exists():
        sys.exit(f"symbols.py: {frames} is not there; it is built with the unit tests")
    with tempfile.TemporaryDirectory() as where:
        results = measure(frames, Path(where), 5 if options.quick else 25)
    print(f"{'microseconds':30} {'frames':>7} {'open files':>11} {'unwind':>8} {'again':>7} {'name':>9}")
    for name, r in results.items():
        row = f"{r['learn']:11.0f} {r['unwind']:8.0f} {r['again']:7.1f} {r['frames']:9.0f}"
        print(f"{name:30} {r['n']:7} {row}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
