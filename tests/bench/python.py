#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Python package costs: a sample beside the program's, the import, a short command, and loading records.

Needs the package, as `make wheel` puts it into build-python/site. Nothing is asserted."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "build-python" / "site"

INTERVAL_MS, COUNT = 5, 600

SAMPLES = f"""
import denet, resource, sys
def used():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime
m = denet.ProcessMonitor.from_pid(int(sys.argv[1]), {INTERVAL_MS}, {INTERVAL_MS}, output_file=sys.argv[2], quiet=True)
follow = iter(m)
for _ in range(100): next(follow)
begun = used()
for _ in range({COUNT}): next(follow)
print((used() - begun) / {COUNT} * 1e6)
"""


def python_us(pid: int, out: Path) -> float:
    """CPU microseconds a sample, of a script that goes through them and has them written to a file."""
    return float(subprocess.check_output([sys.executable, "-c", SAMPLES, str(pid), str(out)]))


def program_us(denet: Path, pid: int, out: Path) -> float:
    """The same of the program."""
    interval = str(INTERVAL_MS)
    secs = COUNT * INTERVAL_MS / 1000
    command = [
        str(denet),
        "-q",
        "-i",
        interval,
        "-m",
        interval,
        "-d",
        str(secs + 2),
        "-o",
        str(out),
        "attach",
        str(pid),
    ]
    with subprocess.Popen(command) as process:
        ticks = Path(f"/proc/{process.pid}/schedstat")
        time.sleep(100 * INTERVAL_MS / 1000)
        begun = int(ticks.read_text().split()[0]), out.read_bytes().count(b"\n")
        time.sleep(secs)
        ended = int(ticks.read_text().split()[0]), out.read_bytes().count(b"\n")
        process.terminate()
    return (ended[0] - begun[0]) / (ended[1] - begun[1]) / 1000


def samples_us(denet: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Python's and the program's, in turns, each in a process of its own."""
    python, program = [], []
    with subprocess.Popen(["sleep", "1000"]) as target, tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            python.append(python_us(target.pid, Path(folder) / "python.jsonl"))
            program.append(program_us(denet, target.pid, Path(folder) / "program.jsonl"))
        target.terminate()
    return python, program


def seconds(command: list[str], times: int) -> float:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def short_command_ms() -> float:
    """execute_with_monitoring(["true"]) above subprocess.run(["true"]), median of pairs."""
    import denet

    differences = []
    for _ in range(200):
        begun = time.perf_counter()
        subprocess.run(["true"])
        middle = time.perf_counter()
        denet.execute_with_monitoring(["true"])
        differences.append(time.perf_counter() - middle - (middle - begun))
    return statistics.median(differences) * 1000


def loading(path: Path) -> list[float]:
    """MB a second of json.loads, load_metrics, generate_summary_from_file, and the columns of a data frame."""
    import denet
    from denet import _records

    size = path.stat().st_size / 1e6
    found = []
    for read in (
        lambda: [json.loads(line) for line in path.read_bytes().splitlines()],
        lambda: denet.load_metrics(path, include_metadata=True),
        lambda: denet.generate_summary_from_file(path),
        lambda: _records.columns(os.fsencode(path)),
    ):
        best = float("inf")
        for _ in range(3):
            begun = time.perf_counter()
            kept = read()
            best = min(best, time.perf_counter() - begun)
            del kept
        found.append(size / best)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", type=Path, default=ROOT / "build" / "denet")
    parser.add_argument("--quick", action="store_true", help="a smaller file")
    parser.add_argument("--json", type=Path, help="the numbers, for later comparison")
    options = parser.parse_args()
    if not SITE.exists():
        print("python: left out, the package is not built (make wheel)")
        return
    os.environ["PYTHONPATH"] = str(SITE)
    sys.path.insert(0, str(SITE))
    python, program = samples_us(options.denet, 5 if options.quick else 11)
    more = [a - b for a, b in zip(python, program)]
    bare = seconds([sys.executable, "-c", "pass"], 20)
    imported = seconds([sys.executable, "-c", "import denet"], 20)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.jsonl"
        script = "sleep 5 & " * 100 + "wait"
        command = [
            str(options.denet),
            "-q",
            "-i",
            "5",
            "-m",
            "5",
            "-d",
            "1.5",
            "-o",
            str(path),
            "run",
            "sh",
            "-c",
            script,
        ]
        subprocess.run(command)
        data = path.read_bytes()
        with open(path, "ab") as file:
            for _ in range(max(0, (20 if options.quick else 100) * 1000000 // len(data) - 1)):
                file.write(data)
        plain, loads, summary, columns = loading(path)
    numbers: dict[str, Any] = {
        "sample_us": statistics.median(python),
        "program_sample_us": statistics.median(program),
        "sample_more_us": more,
        "import_ms": (imported - bare) * 1000,
        "true_ms": short_command_ms(),
        "json_loads_mb_s": plain,
        "load_metrics_mb_s": loads,
        "summary_mb_s": summary,
        "columns_mb_s": columns,
    }
    print(
        f"a sample: {numbers['sample_us']:.0f} us, the program's {numbers['program_sample_us']:.0f}:"
        f" {statistics.median(more):+.0f} us ({min(more):+.0f} to {max(more):+.0f}; goal 20)"
    )
    print(f"import: {numbers['import_ms']:.1f} ms (goal 30)")
    print(f'execute_with_monitoring(["true"]) over subprocess.run: {numbers["true_ms"]:+.2f} ms (goal 5)')
    print(f"load_metrics: {loads:.0f} MB/s, {loads / plain:.1f} times json.loads (goal 3)")
    print(f"a file's summary: {summary:.0f} MB/s; the columns of a data frame: {columns:.0f} MB/s")
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
