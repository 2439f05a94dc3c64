#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ebpf.py [--quick] [--denet DENET]: what --ebpf adds to what it counts, in nanoseconds of CPU time each: in the tree,
and beside one, where it is only seen not to belong to it; and to a start. And what a look of the BPF sampler takes of
the bare loop over the same processes. Rounds take turns: all see the same mood of the machine."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import common
import cost

# what it is called: the part that counts it, the words for bytes.c, how often
ROWS = {
    "a system call, counted and timed": ("syscalls", ["none"], 3_000_000),
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


STARTS = {
    "without": [],
    "syscalls, exits": ["--ebpf", "syscalls,exits"],
    "all of --enable-ebpf": ["--enable-ebpf"],
}


def starts(denet: str, rounds: int) -> dict[str, dict[str, float]]:
    """Of a command that does nothing, from denet's start to its end: while the command is held, and while it is not."""
    filtered = [sys.executable, str(Path(__file__).parents[1] / "cli" / "filtered.py"), "EPERM", "bpf=28"]
    took: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, options in STARTS.items():
            begun = time.monotonic()
            subprocess.run([denet, *options, "-q", "run", "true"], check=True)
            took.setdefault(name, []).append((time.monotonic() - begun) * 1e3)
    print()
    made = {name: {"ms": common.median(each), "least_ms": min(each)} for name, each in took.items()}
    for name, row in made.items():
        more = row["ms"] - made["without"]["ms"]
        print(f"a run of true, {name:24} {row['ms']:6.1f} ms {more:+6.1f} ms   at least {row['least_ms']:.1f} ms")
    if os.geteuid() == 0:
        denied = [*filtered, denet, "--enable-ebpf", "--debug", "-q", "run", "true"]
        assert b"ebpf: off" in subprocess.run(denied, stderr=subprocess.PIPE, check=True).stderr
        tries = []
        for _ in range(rounds):
            bare, refused = ([*filtered, denet, *e, "-q", "run", "true"] for e in ([], ["--enable-ebpf"]))
            at = [time.monotonic()]
            for command in (bare, refused):
                subprocess.run(command, stderr=subprocess.DEVNULL, check=True)
                at.append(time.monotonic())
            tries.append((at[2] - at[1] - (at[1] - at[0])) * 1e3)
        made["refused at the last step"] = {"ms": common.median(tries), "least_ms": min(tries)}
        print(f"a try that fails at the last step {'':13} {common.median(tries):+6.1f} ms")
    return made


# of a context switch: the options, and how deep the stack is
SWITCHES = {
    "exits": (["--ebpf", "exits"], 0),
    "time off processors": (["--ebpf", "offcpu"], 0),
    "with stacks of some frames": (["--ebpf", "offcpu", "--stacks", os.devnull], 0),
    "with stacks of ten frames more": (["--ebpf", "offcpu", "--stacks", os.devnull], 10),
}


def switches(denet: str, program: str, rounds: int, share: float) -> dict[str, dict[str, float]]:
    made = {}
    print()
    for name, (options, frames) in SWITCHES.items():
        command = [program, str(int(300_000 * share)), str(frames)]
        bare, inside = [], []
        for _ in range(rounds):
            bare.append(used(denet, "-o", os.devnull, "run", *command))
            inside.append(used(denet, *options, "-o", os.devnull, "run", *command))
        row = {"bare_ns": common.median(bare), "inside_ns": common.median(inside)}
        print(
            f"a switch, {name:34} {row['bare_ns']:6.0f} ns {row['inside_ns'] - row['bare_ns']:+9.0f} ns"
            f"   ±{common.spread(bare) * 100:.0f} %",
            flush=True,
        )
        made[f"a switch, {name}"] = row
    return made


def looks(denet: str, programs: dict[str, str], folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """The look alone: what is made of it, and written, is in cost.py's table."""
    library = folder / "looks.so"
    source = Path(__file__).with_name("looks.c")
    command = ["cc", "-O2", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    setting = cost.Setting(denet, programs, folder, rounds, 2.5, peers=False)
    made = {}
    print()
    for case in (cost.Case("1,000, 95 % asleep", 1000, 50, 0.1), cost.Case("1,000, all active", 1000, 1000, 0)):
        bare, ours = [], []
        with cost.tree(setting, case) as tree:
            for _ in range(rounds):
                bare.append(cost.bare(setting, case, tree).cpu_secs * 1e3)
                words = ["--sampler", "bpf", "-i", "100", "-m", "100", "-d", "3", "-q", "-o", os.devnull, "attach"]
                preloaded = ["env", f"LD_PRELOAD={library}", denet, *words, str(tree.pid)]
                ours.append(used(*preloaded) / 1e6)
        row = {"bare_ms": common.median(bare), "look_ms": common.median(ours), "goal": case.goal}
        ratios = [o / b for o, b in zip(ours, bare)]
        print(
            f"a look, {case.name:20} bare loop {row['bare_ms']:5.2f} ms, look {row['look_ms']:5.2f} ms: ratio"
            f" {common.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
            + (f", goal {case.goal}" if case.goal else ""),
            flush=True,
        )
        made[f"a look, {case.name}"] = row
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", default=common.DENET)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    noise = common.Noise()
    with tempfile.TemporaryDirectory(dir=common.scratch()) as folder:
        programs = common.build(Path(folder), "bytes", "pingpong", "bare", "tree")
        file = Path(folder) / "file"
        file.write_bytes(os.urandom(4096))
        os.sync()
        made = table(
            options.denet, 3 if options.quick else 7, 0.3 if options.quick else 1, programs["bytes"], str(file)
        )
        made |= switches(options.denet, programs["pingpong"], 3 if options.quick else 7, 0.3 if options.quick else 1)
        made |= looks(options.denet, programs, Path(folder), 3 if options.quick else 7)
    made |= starts(options.denet, 5 if options.quick else 15)
    print(common.describe(noise.so_far()))
    if options.json:
        options.json.write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
