#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What denet costs the command that it watches: paired runs, with and without, in turns and in changing order.

Each row has its noise beside it: the same command against itself, paired in the same way. A difference that is not
above it was not seen."""

from __future__ import annotations

import argparse
import json
import random
import resource
import shlex
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common

FORKS = "for i in $(seq 1000); do /bin/true; done"


@dataclass(frozen=True)
class Workload:
    name: str
    command: tuple[str, ...]
    pairs: int
    unit: str  # ms: the difference itself; %: its share
    goal: float | None
    records: bool = False


def compile_many(folder: Path, files: int) -> tuple[str, ...]:
    """Processes that begin and end, as in any build: two or three for each file."""
    for i in range(files):
        source = "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        source += "".join(f"int f{i}_{k}(int x) {{ return x * {k} + {i}; }}\n" for k in range(20))
        (folder / f"f{i}.c").write_text(source)
    place = shlex.quote(str(folder))
    return ("sh", "-c", f"seq 0 {files - 1} | xargs -P2 -I@ cc -O1 -c {place}/f@.c -o {place}/f@.o")


def workloads(folder: Path, quick: bool) -> list[Workload]:
    share = 5 if quick else 1
    programs = common.build(folder, "spin")
    return [
        Workload("true", ("true",), 400 // share, "ms", 1.0),
        Workload("true, records to a file", ("true",), 400 // share, "ms", 1.0, records=True),
        Workload("a compile, 40 files, 2 at a time", compile_many(folder, 40), 40 // share, "%", 0.5, records=True),
        Workload("1,000 forks and execs", ("sh", "-c", FORKS), 40 // share, "%", None, records=True),
        # Long, since what it costs to start is in it too.
        Workload("computing", (programs["spin"], "400" if quick else "2000"), 12, "%", 0.0, records=True),
    ]


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds, and CPU seconds of it and of all that it waited for."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


Times = list[tuple[float, float]]


def paired(pairs: int, one: list[str], other: list[str]) -> tuple[Times, Times]:
    """Of each, run in pairs whose order is drawn."""
    taken: tuple[Times, Times] = ([], [])
    order = [(0, one), (1, other)]
    for _ in range(pairs):
        random.shuffle(order)
        for which, command in order:
            taken[which].append(timed(command))
    return taken


def difference(a: Times, b: Times, of: int) -> tuple[float, float]:
    """The median of the pairs' differences, and how sure it is: half of what holds 95 of 100 resampled medians."""
    each = [y[of] - x[of] for x, y in zip(a, b)]
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(each, k=len(each))) for _ in range(500))
    return statistics.median(each), (medians[487] - medians[12]) / 2


def row(w: Workload, denet: str, out: Path) -> dict[str, Any]:
    watched = [denet, *(("-q", "-o", str(out)) if w.records else ()), "run", *w.command]
    timed(watched)
    base, with_denet = paired(w.pairs, list(w.command), watched)
    first, second = paired(max(w.pairs // 2, 3), list(w.command), list(w.command))
    alone = [statistics.median(t[of] for t in base) for of in (0, 1)]
    scale = [1000.0 if w.unit == "ms" else 100 / max(a, 1e-9) for a in alone]
    cost, sure = difference(base, with_denet, 0)
    noise, noise_sure = difference(first, second, 0)
    return {
        "workload": w.name,
        "unit": w.unit,
        "pairs": w.pairs,
        "alone_ms": alone[0] * 1000,
        "cost": cost * scale[0],
        "sure": sure * scale[0],
        "noise": noise * scale[0],
        "noise_sure": noise_sure * scale[0],
        "cpu": difference(base, with_denet, 1)[0] * scale[1],
        "goal": w.goal,
    }


def verdict(r: dict[str, Any]) -> str:
    if r["goal"] is None:
        return ""
    if r["goal"] == 0:
        seen = r["cost"] - r["sure"] > abs(r["noise"]) + r["noise_sure"]
        return "NOT met" if seen else "nothing measurable"
    sure = max(r["sure"], r["noise_sure"])
    if r["cost"] + sure <= r["goal"]:
        return "met"
    return "NOT met" if r["cost"] - sure > r["goal"] else "not told from the noise"


def show(r: dict[str, Any]) -> None:
    goal = "" if r["goal"] is None else f"{r['goal']:.1f}"
    print(
        f"{r['workload']:<38} {r['alone_ms']:>9.2f} {r['cost']:>+8.2f} +-{r['sure']:<5.2f} {r['unit']:<2} "
        f"{r['cpu']:>+7.2f} {r['unit']:<2} {r['noise']:>+8.2f} +-{r['noise_sure']:<5.2f} {goal:>5}  {verdict(r)}",
        flush=True,
    )


def pauses(denet: str, folder: Path, seconds: int, rounds: int) -> dict[str, Any]:
    """A program with 1 GB in many mappings maps and unmaps without end: how long that takes, alone and at 10 Hz."""
    program = [common.build(folder, "pause")["pause"], "1024", "4000", str(seconds)]
    said: dict[str, list[list[float]]] = {"alone": [], "watched": []}
    for _ in range(rounds):
        for how, before in (
            ("alone", []),
            ("watched", [denet, "-i", "100", "-m", "100", "-o", str(folder / "pause.jsonl"), "run"]),
        ):
            words = subprocess.run([*before, *program], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            said[how].append([float(n) for n in words.stdout.split()])
    return {
        how: {"mean_us": common.median([s[0] for s in all_]), "longest_us": common.median([s[1] for s in all_])}
        for how, all_ in said.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denet", default=common.DENET)
    parser.add_argument("--quick", action="store_true", help="a fifth of the pairs")
    parser.add_argument("--only", action="append", help="workloads whose name begins so, or `mapping`")
    parser.add_argument("--json", type=Path, help="the table, for later comparison")
    options = parser.parse_args()
    wanted = tuple(options.only or ("",))
    rows: list[dict[str, Any]] = []
    noise = common.Noise()
    print(f"{'command':<38} {'alone ms':>9} {'with denet':>19} {'its CPU':>10} {'against itself':>16} {'goal':>5}")
    with tempfile.TemporaryDirectory(dir=common.scratch()) as name:
        folder = Path(name)
        for workload in workloads(folder, options.quick):
            if workload.name.startswith(wanted):
                rows.append(row(workload, options.denet, folder / "records.jsonl"))
                show(rows[-1])
        if "mapping".startswith(wanted):
            p = pauses(options.denet, folder, 3, 1 if options.quick else 3)
            rows.append({"workload": "mapping", **p})
            print(f"{'mapping and unmapping, 1 GB in 4,000':<38}", end="")
            for how, t in p.items():
                print(f"  {how}: mean {t['mean_us']:.2f} us, longest {t['longest_us']:,.0f} us;", end="")
            print()
    print(common.describe(noise.so_far()))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
