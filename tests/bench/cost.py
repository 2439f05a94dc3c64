#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sample costs: CPU time of denet as a ratio to a bare loop of pread over the same processes in the same run.

The bare loop holds stat and io of every process and reads each once an interval; it parses and writes nothing. Denet
attaches to the same tree and writes JSON to a file. The two take turns; a row is the median of the rounds. A goal is
reported as met or not met: nothing fails."""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import common
import peers

ELAPSED = re.compile(rb'"ts_ms":(\d+),"elapsed_us":(\d+)')
WARM_S = 2.0


@dataclass(frozen=True)
class Case:
    name: str
    processes: int
    active: int
    goal: float  # ratio to the bare loop; 0: another one, said in `aim`
    aim: str = ""
    interval_ms: int = 100
    period_ms: int = 50  # in which each active process wakes once
    memory_goal_kb: int = 0
    options: tuple[str, ...] = ()
    peers: bool = False
    run: bool = False


CASES = [
    Case("1 process", 1, 1, 1.5, memory_goal_kb=2500, peers=True),
    Case("1 process, run", 1, 1, 1.5, memory_goal_kb=2500, run=True),
    Case("100, all active", 100, 100, 1.2, peers=True),
    Case("1,000, all active", 1000, 1000, 1.2, memory_goal_kb=6000, peers=True),
    Case("1,000, all active, --children active", 1000, 1000, 1.2, options=("--children", "active")),
    Case("1,000, all active, --children none", 1000, 1000, 1.2, options=("--children", "none")),
    Case("1,000, 95 % asleep", 1000, 50, 0.2, memory_goal_kb=6000, peers=True),
    Case("1,000, 95 % asleep, --children active", 1000, 50, 0.2, options=("--children", "active")),
    Case("1,000, 95 % asleep, --children none", 1000, 50, 0.2, options=("--children", "none")),
    *(
        Case(f"{case}, --sampler {sampler}", processes, active, goal, options=("--sampler", sampler))
        for case, processes, active, goal in (
            ("1 process", 1, 1, 0.0),
            ("100, all active", 100, 100, 0.0),
            ("1,000, all active", 1000, 1000, 0.0),
            ("1,000, 95 % asleep", 1000, 50, 0.2),
        )
        for sampler in ("procfs", "bpf")
    ),
    Case("10,000, 95 % asleep", 10000, 500, 0, aim="on time, on under half a core"),
    # To wake 10,000 processes ten times a second takes most of two cores: so the ratio is at 1 Hz.
    Case("10,000, all active, 1 Hz", 10000, 10000, 1.3, period_ms=900, interval_ms=1000),
    Case("10,000, all active, 10 Hz", 10000, 10000, 0, period_ms=90, aim="a late sample has its true time"),
]


@dataclass
class Setting:
    denet: str
    programs: dict[str, str]
    folder: Path
    rounds: int
    seconds: float
    peers: bool


@dataclass
class Tree:
    pid: int
    pids: list[int]


@contextmanager
def tree(setting: Setting, case: Case) -> Iterator[Tree]:
    """The load, up and asleep or at work; gone afterwards."""
    words = [str(case.processes), str(case.active), str(case.period_ms * 1000), "1"]
    command = [setting.programs["tree"], *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        if process.stdout.readline() != b"\n":
            raise SystemExit(f"cost: a tree of {case.processes} processes could not be started here")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        try:
            yield Tree(process.pid, [process.pid, *map(int, children)])
        finally:
            process.stdin.close()
            process.wait()


@dataclass
class Taken:
    """What one measurement saw: CPU seconds a sample, and of denet more."""

    cpu_secs: float
    cores: float = 0
    peak_kb: int = 0
    due: int = 0
    on_time: int = 0
    taken: int = 0
    untrue_us: int = 0  # greatest difference of elapsed_us and ts_ms
    record_bytes: float = 0


def bare(setting: Setting, case: Case, t: Tree) -> Taken:
    samples = max(int(setting.seconds * 1000 / case.interval_ms), 3)
    pids = "\n".join(map(str, t.pids))
    command = [setting.programs["bare"], str(case.interval_ms), str(samples)]
    said = subprocess.run(command, input=pids, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return Taken(int(said[1]) / 1e6 / int(said[0]), taken=int(said[0]), on_time=int(said[0]) - int(said[2]))


def size_after_next_record(out: Path, watched: subprocess.Popen[bytes]) -> int:
    """Waits for denet to write: just after that it has nothing to do until the next sample."""
    before = size = out.stat().st_size if out.exists() else 0
    end = time.monotonic() + 30
    while size == before:
        if watched.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"cost: denet wrote no record ({watched.args!r})")
        time.sleep(0.001)
        size = out.stat().st_size if out.exists() else 0
    while True:  # until the record is whole
        time.sleep(0.002)
        last, size = size, out.stat().st_size
        if last == size:
            return size


def times_of(out: Path, first: int, last: int) -> list[tuple[int, int]]:
    """ts_ms and elapsed_us of the tree records between two places of a file, and of the one before them."""
    found: list[tuple[int, int]] = []
    at = 0
    with out.open("rb") as lines:
        for line in lines:
            at += len(line)
            told = ELAPSED.search(line, 0, 200)
            if not told or b'"kind":"tree"' not in line[:40]:
                continue
            if at <= first:
                found.clear()
            elif at > last:
                break
            found.append((int(told[1]), int(told[2])))
    return found


def watch(setting: Setting, case: Case, out: Path, denet: subprocess.Popen[bytes]) -> Taken:
    size_after_next_record(out, denet)
    time.sleep(max(WARM_S, case.interval_ms * 3 / 1000))
    first = size_after_next_record(out, denet)
    cpu, at = common.clock_of(denet.pid), time.monotonic()
    time.sleep(max(setting.seconds, case.interval_ms * 3 / 1000) - case.interval_ms / 2000)
    last = size_after_next_record(out, denet)
    cpu, wall = common.clock_of(denet.pid) - cpu, time.monotonic() - at
    peak = common.peak_kb(denet.pid)
    times = times_of(out, first, last)
    gaps = [(b[1] - a[1], b[0] - a[0]) for a, b in zip(times, times[1:])]
    if not gaps:
        raise SystemExit("cost: no sample was taken")
    interval_us = case.interval_ms * 1000
    return Taken(
        cpu / len(gaps),
        cores=cpu / wall,
        peak_kb=peak,
        due=max(round(sum(g[0] for g in gaps) / interval_us), 1),
        taken=len(gaps),
        on_time=sum(gap[0] < interval_us * 1.1 for gap in gaps),
        untrue_us=max(abs(us - ms * 1000) for us, ms in gaps),
        record_bytes=(last - first) / len(gaps),
    )


def options_of(setting: Setting, case: Case, out: Path) -> list[str]:
    ms = str(case.interval_ms)
    return [setting.denet, "-q", "-i", ms, "-m", ms, "-o", str(out), *case.options]


def attached(setting: Setting, case: Case, t: Tree) -> Taken:
    out = setting.folder / "records.jsonl"
    denet = subprocess.Popen([*options_of(setting, case, out), "attach", str(t.pid)])
    try:
        return watch(setting, case, out, denet)
    finally:
        denet.send_signal(signal.SIGTERM)
        denet.wait()
        out.unlink(missing_ok=True)


def started(setting: Setting, case: Case) -> Taken:
    """The same with `run`: denet starts the tree."""
    out = setting.folder / "records.jsonl"
    words = [setting.programs["tree"], str(case.processes), str(case.active), str(case.period_ms * 1000), "1"]
    with subprocess.Popen([*options_of(setting, case, out), "run", *words], stdin=subprocess.PIPE) as denet:
        try:
            return watch(setting, case, out, denet)
        finally:
            assert denet.stdin is not None
            denet.stdin.close()
            denet.wait()
            out.unlink(missing_ok=True)


@dataclass
class Row:
    case: Case
    bare_ms: list[float] = field(default_factory=list)
    denet_ms: list[float] = field(default_factory=list)
    seen: list[Taken] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [d / b for d, b in zip(self.denet_ms, self.bare_ms)]

    def verdict(self) -> dict[str, bool]:
        said = {}
        if self.case.goal:
            said["ratio"] = common.median(self.ratios) <= self.case.goal
        if self.case.memory_goal_kb:
            said["memory"] = max(t.peak_kb for t in self.seen) <= self.case.memory_goal_kb
        if self.case.aim.startswith("on time"):
            said["on time"] = all(t.on_time >= t.due for t in self.seen)
            said["cores"] = max(t.cores for t in self.seen) < 0.5
        if "true time" in self.case.aim:
            said["true time"] = max(t.untrue_us for t in self.seen) < 2000
        return said

    def as_json(self) -> dict[str, Any]:
        return {
            "case": self.case.name,
            "processes": self.case.processes,
            "active": self.case.active,
            "bare_ms": common.median(self.bare_ms),
            "denet_ms": common.median(self.denet_ms),
            "ratio": common.median(self.ratios),
            "ratios": self.ratios,
            "noise": common.spread(self.bare_ms),
            "goal": self.case.goal or None,
            "aim": self.case.aim or None,
            "peak_kb": max(t.peak_kb for t in self.seen),
            "cores": common.median([t.cores for t in self.seen]),
            "due": sum(t.due for t in self.seen),
            "taken": sum(t.taken for t in self.seen),
            "on_time": sum(t.on_time for t in self.seen),
            "untrue_us": max(t.untrue_us for t in self.seen),
            "record_bytes": common.median([t.record_bytes for t in self.seen]),
            "met": self.verdict(),
        }


def show_peers(setting: Setting, case: Case, t: Tree, bare_ms: float) -> list[dict[str, Any]]:
    """Beside denet, at the end of its rounds."""
    words = [setting.programs["tree"], str(case.processes), str(case.active), str(case.period_ms * 1000), "1"]
    rows = []
    for peer in peers.peers(case.processes):
        c = peers.cost(peer, t.pid, words, setting.folder, max(setting.seconds, 3 * peer.interval_s))
        rows.append({"peer": peer.name, "ms": c.cpu_ms, "ratio": c.cpu_ms / bare_ms, "taken": c.taken, "due": c.due})
        print(
            f"    {peer.name:<34} {'':>8} {c.cpu_ms:>8.3f} {c.cpu_ms / bare_ms:>6.1f}   "
            f"at {1 / peer.interval_s:.0f} Hz, {c.taken:.0f} of {c.due:.0f} samples",
            flush=True,
        )
    return rows


def measure(setting: Setting, case: Case) -> dict[str, Any]:
    noise, row = common.Noise(), Row(case)
    with tree(setting, case) as t:
        for _ in range(setting.rounds):
            row.bare_ms.append(bare(setting, case, t).cpu_secs * 1000)
            row.seen.append(started(setting, case) if case.run else attached(setting, case, t))
            row.denet_ms.append(row.seen[-1].cpu_secs * 1000)
        said = row.as_json()
        said["surroundings"] = noise.so_far()
        show(said)
        if case.peers and setting.peers:
            said["peers"] = show_peers(setting, case, t, said["bare_ms"])
    return said


def heading() -> None:
    print(
        f"{'processes':<38} {'bare ms':>8} {'denet ms':>8} {'ratio':>6} {'from':>6} {'to':>6} {'goal':>5} "
        f"{'peak MB':>8} {'cores':>6} {'on time':>9}  met"
    )


def show(r: dict[str, Any]) -> None:
    goal = f"{r['goal']:.1f}" if r["goal"] else ""
    noise = f"bare +-{r['noise'] * 100:.0f} %; {common.describe(r['surroundings'])}"
    met = ", ".join(f"{name} {'met' if is_met else 'NOT met'}" for name, is_met in r["met"].items())
    print(
        f"{r['case']:<38} {r['bare_ms']:>8.3f} {r['denet_ms']:>8.3f} {r['ratio']:>6.2f} {min(r['ratios']):>6.2f} "
        f"{max(r['ratios']):>6.2f} {goal:>5} {r['peak_kb'] / 1000:>8.2f} {r['cores']:>6.3f} "
        f"{r['on_time']:>4}/{r['due']:<4}  {met}  ({noise})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", default=common.DENET)
    parser.add_argument("--quick", action="store_true", help="two short rounds of each")
    parser.add_argument("--rounds", type=int, help="turns of bare loop and denet (5)")
    parser.add_argument("--seconds", type=float, help="of each measurement (4)")
    parser.add_argument("--case", action="append", help="cases whose name begins so")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="denet and the bare loop alone")
    parser.add_argument("--json", type=Path, help="the table, for later comparison")
    options = parser.parse_args()
    rounds = options.rounds or (2 if options.quick else 5)
    seconds = options.seconds or (1.5 if options.quick else 4)
    most = (common.descriptors() - 100) // 2
    rows = []
    heading()
    with tempfile.TemporaryDirectory(dir=common.scratch()) as name:
        folder = Path(name)
        setting = Setting(options.denet, common.build(folder, "bare", "tree"), folder, rounds, seconds, options.peers)
        for case in CASES:
            if options.case and not any(case.name.startswith(word) for word in options.case):
                continue
            if case.processes > most:
                case = replace(case, processes=most, active=case.active * most // case.processes)
                print(f"{case.name}: {most:,}, since no more descriptors may be held here")
            rows.append(measure(setting, case))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
