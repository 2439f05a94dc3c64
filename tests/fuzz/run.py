#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the fuzz targets of a build, each from its corpus of real files, and prints how far each came.

    run.py --seconds 600                all of them, ten minutes each
    run.py --seconds 60 parse_stat      this one

An input that hurts is kept in the build folder, and named; the build's tests/fuzz/fuzz_NAME takes it as an argument."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOW_SECONDS = 60  # for one input, where other work holds the machine


@dataclass
class Came:
    """How far a target came."""

    name: str
    executions: int
    edges: int
    harm: str  # what the fuzzer said; "" where nothing was hurt


def number(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def run(program: Path, seconds: int, build: Path) -> Came:
    name = program.name.partition("_")[2]
    corpus = ROOT / "tests" / "fuzz" / "corpus" / name.removesuffix("_portable")
    assert corpus.is_dir() and any(corpus.iterdir()), f"{corpus}: a target begins with real files"
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        limits = [f"-max_total_time={seconds}", f"-timeout={SLOW_SECONDS}", "-rss_limit_mb=2048"]
        more = ["-print_final_stats=1", "-close_fd_mask=2", f"-artifact_prefix={build}/fuzz-{name}-"]
        found = Path(scratch) / "found"
        found.mkdir()
        command = [str(program), *limits, *more, str(found), str(corpus)]
        places = {**os.environ, "TMPDIR": scratch}
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=places)
    said = done.stdout.decode(errors="replace")
    came = Came(name, number(r"stat::number_of_executed_units: (\d+)", said), number(r"\bcov: (\d+)", said), "")
    if done.returncode != 0:
        came.harm = said[-4000:]
    return came


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of targets; all")
    parser.add_argument("--build", type=Path, default=ROOT / "build-fuzz")
    parser.add_argument("--seconds", type=int, default=600, help="for each")
    parser.add_argument("--json", type=Path, help="the table, as JSON")
    options = parser.parse_args()
    found = sorted(
        p for p in (options.build / "tests" / "fuzz").glob("fuzz_*") if p.is_file() and os.access(p, os.X_OK)
    )
    programs = [p for p in found if not options.names or p.name.partition("_")[2] in options.names]
    assert programs, f"no targets in {options.build}; make fuzz builds them"
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        came = list(pool.map(lambda p: run(p, options.seconds, options.build), programs))
    for one in came:
        print(f"{one.name:<22} {one.executions:>15,} executions {one.edges:>7,} edges")
    for one in came:
        if one.harm:
            print(f"\nFAILED: {one.name}\n{one.harm}")
    if options.json:
        options.json.write_text(json.dumps([vars(one) for one in came]) + "\n")
    sys.exit(any(one.harm for one in came))


if __name__ == "__main__":
    main()
