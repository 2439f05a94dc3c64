#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What --counters and energy cost: a sample as a multiple of the plain one, and what the command loses.

The runs take turns. Of a sample it is the CPU time of denet for each, what a run without samples costs left out;
energy is read from files that stand at /sys in a mount namespace, so what a real counter takes to answer comes on top.
What the command loses is the difference of pairs, with --counters and without, beside the same against itself."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import common
import overhead

INTERVAL_MS = 10


@dataclass(frozen=True)
class Case:
    name: str
    processes: int
    options: tuple[str, ...] = ()
    energy: bool = False


CASES = [
    Case("1 process", 1),
    Case("1 process, --counters", 1, ("--counters",)),
    Case("1 process, energy of 2 packages", 1, energy=True),
    Case("100 processes, all active", 100),
    Case("100 processes, all active, --counters", 100, ("--counters",)),
]


def make_sys(folder: Path) -> Path:
    for package in range(2):
        for entry, name in (f"{package}", f"package-{package}"), (f"{package}:0", "core"), (f"{package}:1", "dram"):
            zone = folder / "sys/class/powercap" / f"intel-rapl:{entry}"
            zone.mkdir(parents=True)
            for file, text in ("name", name), ("energy_uj", "123456789"), ("max_energy_range_uj", "262143328850"):
                (zone / file).write_text(f"{text}\n")
    return folder / "sys"


def with_sys(sys: Path, command: list[str]) -> list[str]:
    inner = f"mount --bind {shlex.quote(str(sys))} /sys && exec {shlex.join(command)}"
    return ["unshare", "--mount", "sh", "-c", inner]


def cpu_us_a_sample(denet: Path, case: Case, tree: str, secs: float, file: Path, sys: Path) -> float:
    """Microseconds of CPU time of denet for each sample: the command is asked for its own, the start left out."""
    spent, samples = [], []
    for length in (secs, 0.1):
        load = [tree, str(case.processes), str(case.processes), str(INTERVAL_MS * 1000 // 2), "1"]
        # The tree lives as long as its standard input.
        script = f"sleep {length} | {shlex.join(load)} >/dev/null; times >&2"
        how = ["-i", str(INTERVAL_MS), "-m", str(INTERVAL_MS), "-o", str(file)]
        command = [str(denet), "--status", "off", *case.options, *how, "run", "bash", "-c", script]
        if case.energy:
            command = with_sys(sys, command)
        with open(file.with_suffix(".err"), "w+b") as said:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                raise SystemExit(f"counters: {case.name}: status {process.returncode}")
        records = [json.loads(line) for line in file.read_text().splitlines()]
        totals = next(r for r in records if r["kind"] == "exit")["totals"]
        tree_secs = totals["cpu_user_secs"] + totals["cpu_system_secs"]
        spent.append(usage.ru_utime + usage.ru_stime - tree_secs)
        samples.append(sum(r["kind"] == "tree" for r in records))
    cost: float = 1e6 * (spent[0] - spent[1]) / (samples[0] - samples[1])
    return cost


def samples(denet: Path, rounds: int, secs: float) -> dict[str, float]:
    found: dict[str, list[float]] = {case.name: [] for case in CASES}
    with tempfile.TemporaryDirectory(dir=common.scratch()) as name:
        folder = Path(name)
        sys, tree = make_sys(folder), common.build(folder, "tree")["tree"]
        probe = subprocess.run(with_sys(sys, ["true"]), stderr=subprocess.DEVNULL)
        for _ in range(rounds):
            for case in CASES:
                if not case.energy or probe.returncode == 0:
                    us = cpu_us_a_sample(denet, case, tree, secs, folder / "run.jsonl", sys)
                    found[case.name].append(us)
    figures = {name: statistics.median(of) for name, of in found.items() if of}
    plain = 0.0
    for case in CASES:
        if case.name not in figures:
            print(f"{case.name:<40} left out: no mount namespace may be made here")
            continue
        plain = figures[case.name] if not case.options and not case.energy else plain
        spread = common.spread(found[case.name])
        print(
            f"{case.name:<40} {figures[case.name]:8.1f} us a sample +-{spread * 100:2.0f} %  "
            f"{figures[case.name] / plain:6.2f} times the plain one",
            flush=True,
        )
    return figures


def losses(denet: Path, quick: bool) -> list[dict[str, float | str]]:
    rows: list[dict[str, float | str]] = []
    share = 4 if quick else 1
    with tempfile.TemporaryDirectory(dir=common.scratch()) as name:
        programs = common.build(Path(name), "pingpong", "spin")
        for what, pairs, command in (
            ("true", 100 // share, ["true"]),
            ("1,000 forks and execs", 24 // share, ["sh", "-c", overhead.FORKS]),
            ("200,000 context switches", 40 // share, [programs["pingpong"], "100000"]),
            ("computing", 24 // share, [programs["spin"], "400"]),
        ):
            plain, counted = ([str(denet), "-q", *with_, "run", *command] for with_ in ((), ("--counters",)))
            overhead.timed(counted)
            with_both = overhead.paired(pairs, plain, counted)
            itself = overhead.paired(pairs // 2, plain, plain)
            alone = statistics.median(t[0] for t in with_both[0])
            cost, sure = overhead.difference(*with_both, 0)
            noise, noise_sure = overhead.difference(*itself, 0)
            rows.append({"what": what, "plain_ms": alone * 1e3, "more_ms": cost * 1e3, "sure_ms": sure * 1e3})
            print(
                f"{what:<40} {alone * 1e3:8.2f} ms, with --counters {cost * 1e3:+7.2f} +-{sure * 1e3:.2f} ms "
                f"({cost / alone * 100:+.1f} %; against itself {noise * 1e3:+.2f} +-{noise_sure * 1e3:.2f})",
                flush=True,
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", type=Path, default=Path(common.DENET))
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", type=Path, help="the figures to this file")
    parser.add_argument("--only", choices=["samples", "losses"], help="one of the two tables")
    options = parser.parse_args()
    denet = options.denet.resolve()
    rounds, secs = (3, 2.0) if options.quick else (7, 4.0)
    figures = samples(denet, rounds, secs) if options.only != "losses" else {}
    rows = losses(denet, options.quick) if options.only != "samples" else []
    if options.json:
        options.json.write_text(json.dumps({"samples": figures, "losses": rows}) + "\n")


if __name__ == "__main__":
    main()
