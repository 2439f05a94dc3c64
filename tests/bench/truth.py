#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints truth against denet: what programs of known usage used, and what the exit record says they did.

Truth is wait4's rusage where everything is waited for; else cpu.stat of the job's own cgroup, where one could be
made, or what the processes say of themselves, which lacks their ends. Each case at 100 ms and at 1 ms, and attached.
Deviations are of CPU time; of bytes where the case is about bytes, of KiB where it is about memory."""

from __future__ import annotations

import argparse
import json
import os
import struct
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TICK = 0.010
COUNTERS = ("_bytes", "_ops", "_secs", "page_faults_cached", "page_faults_disk", "voluntary")


@dataclass(frozen=True)
class Case:
    name: str
    program: tuple[str, ...]
    told_by: str = "rusage"  # or report: by the processes themselves
    of: str = "cpu"  # or bytes, kb
    known: float = 0  # the truth, where it is known beforehand
    bytes_known: int = 0


def cases(quick: bool) -> list[Case]:
    scale = 10 if quick else 1

    def spawn(name: str, how: str, count: int, us: int, *more: str, told_by: str = "rusage") -> Case:
        return Case(name, ("spawn", "REPORT", how, str(count), str(us), *more), told_by)

    return [
        spawn("400 children of 5 ms", "fork", 400 // scale, 5000),
        spawn("5,000 empty forks", "fork", 5000 // scale, 0),
        spawn("20,000 vfork and exec of a static true", "vfork", 20000 // scale, 0, "TRUE"),
        Case("4 threads, 1 s each", ("burn", "1000", "4")),
        Case("4 threads, 0.3 s each, the leader ends first", ("burn", "300", "4", "leader-ends")),
        spawn("200 daemons, forked twice", "daemons", 200 // scale, 5000, told_by="report"),
        spawn("100 children, SIGCHLD ignored", "ignored", 100 // scale, 5000, told_by="report"),
        Case(
            "200 writers of 1 MB",
            ("spawn", "REPORT", "writers", str(200 // scale), "0", "1000000"),
            of="bytes",
            known=200 // scale * 1e6,
        ),
        Case("a peak of 200 MB for 5 ms", ("touch", "200", "5"), of="kb", known=200 * 1024),
        spawn("a tree 500 deep", "deep", 500 // scale, 2000, "200"),
        spawn("200 children that nobody waits for", "unwaited", 200 // scale, 5000, told_by="report"),
        spawn("1,000 times exec", "exec", 1000 // scale, 1000),
        Case("a build of this project, -j2", ("sh", "-c", "rm -rf BUILD; meson setup BUILD . && ninja -C BUILD -j2")),
    ]


def build_helpers(folder: Path) -> dict[str, str]:
    made = {}
    for source in sorted((ROOT / "tests/truth").glob("*.c")):
        program = folder / source.stem
        flags = ["-static"] if source.stem == "true" else ["-pthread"]
        subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", *flags, "-o", program, source], check=True)
        made[source.stem] = str(program)
    return made


class Bench:
    def __init__(self, denet: str, folder: Path) -> None:
        self.denet = denet
        self.folder = folder
        self.helpers = build_helpers(folder)

    def command(self, case: Case) -> list[str]:
        names = {"REPORT": str(self.folder / "report"), "TRUE": self.helpers["true"]}
        first, *rest = case.program
        words = [self.helpers.get(first, first)]
        words += [names.get(w, w).replace("BUILD", str(self.folder / "build")) for w in rest]
        for name in ("report", "rusage"):
            (self.folder / name).unlink(missing_ok=True)
        return [self.helpers["reap"], str(self.folder / "rusage"), *words] if case.told_by == "rusage" else words

    def truth(self, case: Case) -> float:
        if case.known:
            return case.known
        data = (self.folder / case.told_by).read_bytes()
        cpu_ns, _, user_us, system_us = struct.unpack("4Q", data[:32])
        return (user_us + system_us) / 1e6 if case.told_by == "rusage" else float(cpu_ns) / 1e9

    def run(self, case: Case, interval: int) -> list[dict[str, Any]]:
        out = self.folder / "run.jsonl"
        command = [self.denet, "-q", "-i", str(interval), "-m", str(max(interval, 1)), "-o", str(out), "run"]
        subprocess.run([*command, *self.command(case)], check=True, cwd=ROOT)
        return [json.loads(line) for line in out.read_text(errors="replace").splitlines()]

    def attach(self, case: Case) -> list[dict[str, Any]]:
        out = self.folder / "attached.jsonl"
        gate = ["sh", "-c", 'read -r go; exec "$@"', "sh", *self.command(case)]
        with subprocess.Popen(gate, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
            watcher = subprocess.Popen([self.denet, "-q", "-o", str(out), "attach", str(process.pid)])
            while not out.exists() or not out.read_text():
                time.sleep(0.01)
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.close()
            watcher.wait()
        return [json.loads(line) for line in out.read_text(errors="replace").splitlines()]


def told(case: Case, records: list[dict[str, Any]]) -> float:
    totals = records[-1]["totals"]
    if case.of == "bytes":
        return float(totals["syscall_write_bytes"])
    if case.of == "kb":
        return float(totals["peak_mem_rss_process_kb"])
    return float(totals["cpu_user_secs"] + totals["cpu_system_secs"])


def faults_of(records: list[dict[str, Any]]) -> list[str]:
    """What no record may do: a total that falls, a negative percentage."""
    found = []
    last: dict[str, float] = {}
    for record in records:
        if record["kind"] != "tree":
            continue
        for key, value in record["aggregated"].items():
            if key.endswith(COUNTERS):
                if value < last.get(key, 0):
                    found.append(f"{key} fell")
                last[key] = value
        if record["aggregated"].get("cpu_usage", 0) < 0:
            found.append("cpu_usage is negative")
    return found


def truth_of(bench: Bench, case: Case, records: list[dict[str, Any]]) -> float:
    """Of a run that is told by its processes, the kernel's word for the same run where there is one."""
    metadata = next(r for r in records if r["kind"] == "metadata")
    if case.told_by == "report" and metadata["capabilities"].get("cgroup", {}).get("own"):
        return float(records[-1]["cgroup"]["cpu_secs"])
    return bench.truth(case)


def row(case: Case, how: str, truth: float, records: list[dict[str, Any]]) -> dict[str, Any]:
    said = told(case, records)
    end = records[-1]
    return {
        "case": case.name,
        "how": how,
        "truth": truth,
        "denet": said,
        "off": said - truth,
        "share": (said - truth) / truth if truth else 0.0,
        "seen": end["totals"].get("processes_seen"),
        "lower_bound": end.get("lower_bound", {}).get("reason", ""),
        "faults": faults_of(records),
    }


def show(r: dict[str, Any]) -> None:
    scale = 1e6 if r["truth"] > 1e6 else 1
    print(
        f"{r['case']:<44} {r['how']:<8} {r['truth'] / scale:>12.4f} {r['denet'] / scale:>12.4f} "
        f"{r['share'] * 100:>+8.2f} % {r['seen']:>7}  {'; '.join(r['faults']) or r['lower_bound']}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of each")
    parser.add_argument("--json", type=Path, help="the table, for later comparison")
    parser.add_argument("--denet", default=os.environ.get("DENET", str(ROOT / "build/denet")))
    options = parser.parse_args()
    rows = []
    print(f"{'case':<44} {'how':<8} {'truth':>12} {'denet':>12} {'off':>10} {'seen':>7}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.denet, Path(folder))
        for case in cases(options.quick):
            for how in ("100 ms", "1 ms", "attached"):
                records = bench.attach(case) if how == "attached" else bench.run(case, int(how.split()[0]))
                rows.append(row(case, how, truth_of(bench, case, records), records))
                show(rows[-1])
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
