#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ebpf.py [--quick] [--denet DENET]: what --ebpf adds to what it counts, in nanoseconds of CPU time each: in the tree,
and beside one, where it is only seen not to belong to it. Rounds take turns: all see the same mood of the machine."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import common

# what it is called: the part that counts it, the words for bytes.c, how often
ROWS = {
    "a byte by TCP, sent and received": ("net", ["tcp"], 100_000),
    "a byte by UDP, sent and received": ("net", ["udp"], 200_000),
    "a byte by a Unix socket, sent and received": ("net", ["unix"], 300_000),
    "4 KiB read past the cache": ("disk", ["direct"], 10_000),
}


def used(*command: str) -> float:
    """What the program says, the last on standard error."""
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    return float(next(line for line in done.stderr.splitlines() if line.replace(".", "").isdigit()))


@contextmanager
def another(denet: str, part: str) -> Iterator[None]:
    """While a tree of somebody else's is counted."""
    watcher = subprocess.Popen([denet, "--ebpf", part, "-q", "run", "sleep", "1000"])
    time.sleep(0.3)
    try:
        yield
    finally:
        watcher.terminate()
        watcher.wait()


def table(denet: str, rounds: int, share: float, program: str, file: str) -> dict[str, dict[str, float]]:
    made = {}
    print(f"{'':44} {'bare':>9} {'in the tree':>12} {'beside it':>11}")
    for name, (part, words, count) in ROWS.items():
        command = [program, words[0], str(int(count * share)), *([file] if words[0] == "direct" else [])]
        bare, inside, beside = [], [], []
        for _ in range(rounds):
            bare.append(used(*command))
            inside.append(used(denet, "--ebpf", part, "-n", "run", *command))
            with another(denet, part):
                beside.append(used(*command))
        row = {"bare_ns": common.median(bare), "inside_ns": common.median(inside), "beside_ns": common.median(beside)}
        print(
            f"{name:44} {row['bare_ns']:6.0f} ns {row['inside_ns'] - row['bare_ns']:+9.0f} ns"
            f" {row['beside_ns'] - row['bare_ns']:+8.0f} ns   ±{common.spread(bare) * 100:.0f} %",
            flush=True,
        )
        made[name] = row
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", default=common.DENET)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    noise = common.Noise()
    with tempfile.TemporaryDirectory(dir=common.scratch()) as folder:
        programs = common.build(Path(folder), "bytes")
        file = Path(folder) / "file"
        file.write_bytes(os.urandom(4096))
        os.sync()
        made = table(
            options.denet, 3 if options.quick else 7, 0.3 if options.quick else 1, programs["bytes"], str(file)
        )
    print(common.describe(noise.so_far()))
    if options.json:
        options.json.write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
