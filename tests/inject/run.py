#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets every allocation and every system call of denet fail once, and looks at what comes of it.

    run.py                                  all of them: the Nth call fails in the Nth run, with each error it may give
    run.py --seconds 20 --seed 4711         as many as fit, in an order that follows from the seed
    run.py --only 'run call 37 2'           one of them again; --keep leaves its files

tests/doubles/refuse.c and no_memory.c let a call fail, and say which calls are counted. Asked of denet is, whatever
fails: it ends as the command does, or with 125 and a line before the command has begun; every line is as the schema has
it; nothing is counted above what is true, and what is below is said to be; the command has no descriptor of denet's; no
process and no cgroup stays. What may be interrupted by a signal is besides, every other time, in one run of each kind.
With sanitizers, or where no filter of calls may be set, it is the allocations alone."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

from harness import DENET, ROOT, SANITIZED, Record, kill_quietly, of_kind, parse_records, whole_lines  # noqa: E402

PATIENCE = 60.0 if SANITIZED else 30.0  # seconds until something hangs
MARK = "DENET_INJECTED"
CODE = 7
PROCESSES = 50  # at the most, in TARGET
SCRIPT = """ls /proc/self/fd >fds
head -c 50000 /dev/zero >one
(head -c 30000 /dev/zero >two &)
sleep 0.04
sh -c 'head -c 20000 /dev/zero >three; sleep 0.03'
echo whole >ended
exit 7"""
WRITTEN = 50000 + 30000 + 20000 + len("0\n1\n2\n3\n") + len("whole\n")
# Begins when it is attached to, or will not be.
TARGET = f"""n=0
until [ -s out.jsonl ] || [ $n = 40 ]; do sleep 0.02; n=$((n + 1)); done
{SCRIPT}"""


class Trial(NamedTuple):
    """The `nth` allocation or call of a scenario, which fails with the `turn`th of its errors."""

    scenario: str
    kind: str  # call, memory, memory-on, eintr
    nth: int = 0
    turn: int = 0

    def __str__(self) -> str:
        return " ".join(str(word) for word in self)


@dataclass
class Outcome:
    """What a trial left behind."""

    trial: Trial
    folder: Path
    status: int
    said: str
    count: int = 0  # how many calls there were
    failed: str = ""  # which one, and how; "" where there were not so many
    errors: int = 1  # how many its call may give
    cpu_secs: float = 0.0
    hung: bool = False
    pid: int = 0  # denet's

    def file(self, name: str) -> bytes:
        path = self.folder / name
        return path.read_bytes() if path.exists() else b""


class Tools:
    """The doubles, compiled, and a file of records to read."""

    def __init__(self, folder: Path) -> None:
        cc = [os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g"]
        doubles = ROOT / "tests" / "doubles"
        self.folder = folder
        self.refuse, self.no_memory = str(folder / "refuse"), str(folder / "no_memory.so")
        subprocess.run([*cc, "-o", self.refuse, str(doubles / "refuse.c")], check=True)
        shared = ["-shared", "-fPIC", "-fno-builtin", "-o", self.no_memory, str(doubles / "no_memory.c"), "-ldl"]
        subprocess.run([*cc, *shared], check=True)
        probe = [self.refuse, "0", "0", str(folder / "report"), "/bin/true"]
        # The sanitizers make calls of their own, and end the program where one of those fails.
        self.calls = not SANITIZED and subprocess.run(probe).returncode == 0
        self.records = folder / "saved.jsonl"
        subprocess.run(
            [DENET, "-q", "-i", "5", "-m", "5", "--write-env", "-o", str(self.records), "run", "sh", "-c", "sleep 0.1"],
            check=True,
        )
        self.packed = [folder / f"saved.jsonl.{ending}" for ending in ("gz", "zst")]
        self.packed = [
            path
            for path in self.packed
            if subprocess.run([DENET, "convert", str(self.records), str(path)], capture_output=True).returncode == 0
        ]


# ------------------------------------------------------------------------------------------------- what is asked


def check_words(outcome: Outcome) -> None:
    assert not outcome.hung, "it hangs"
    assert "Sanitizer" not in outcome.said and "runtime error" not in outcome.said, outcome.said
    most = 127 if outcome.failed.startswith("execve") else 125  # that one says what the program is
    assert 0 <= outcome.status <= most, f"status {outcome.status}: {outcome.said}"


def lines_of(outcome: Outcome) -> list[str]:
    return [line for line in outcome.said.splitlines() if line.startswith("denet: ")]


def check_refusal(outcome: Outcome) -> None:
    """125 is one line, and nothing was started."""
    said = lines_of(outcome)
    assert len(said) == 1, f"125 without a line, or with more than one: {outcome.said!r}"
    assert "exit" not in said[0], f"125 of a command that has ended: {outcome.said!r}"


def check_counters(last: Record, truth: Record, outcome: Outcome) -> bool:
    """True where all was counted."""
    sums = last["totals"]
    whole = True
    for name in ("syscall_write_bytes", "syscall_read_bytes", "processes_seen"):
        if name not in sums:
            whole = False
        if name not in sums or name not in truth:
            continue
        assert sums[name] <= truth[name], f"{name}: {sums[name]}, and {truth[name]} is true"
        if sums[name] < truth[name] and name != "processes_seen":
            said = "lower_bound" in last or last.get("still_running")
            assert said, f"{name}: {sums[name]} of {truth[name]}, and no word of it"
            whole = False
    used = sums.get("cpu_user_secs", 0) + sums.get("cpu_system_secs", 0)
    assert used <= outcome.cpu_secs + 0.02, f"CPU time: {used}, and {outcome.cpu_secs} with denet's own"
    return whole


def check_records(outcome: Outcome, data: bytes, truth: Record, code: int | None) -> bool:
    """Every line, and the last one's numbers. True where nothing is missing."""
    records = parse_records(data if data.endswith(b"\n") else b"".join(line + b"\n" for line in whole_lines(data)))
    ends = of_kind(records, "exit")
    if not ends and "EPIPE" in outcome.failed:
        return False  # who read them has gone
    if not ends:
        assert outcome.said, "no exit record, and no word of it"
        return False
    assert len(ends) == 1 and records[-1] is ends[0]
    if code is not None:
        assert ends[0].get("exit_code") == code, f"the exit record says {ends[0]}"
    whole = check_counters(ends[0], truth, outcome)
    if not of_kind(records, "tree") or not of_kind(records, "metadata"):
        assert "lost" in outcome.said or ends[0]["totals"].get("lost_records"), "records are missing, and no word of it"
        whole = False
    return whole


def check_run(outcome: Outcome, truth: Record) -> str:
    check_words(outcome)
    if outcome.status in (125, 126, 127):
        check_refusal(outcome)
        assert not (outcome.folder / "fds").exists(), f"125, and the command was started: {outcome.said}"
        return "refused"
    assert outcome.status == CODE, f"status {outcome.status}: {outcome.said}"
    assert outcome.file("ended") == b"whole\n", "the command did not come to its end"
    assert outcome.file("fds").split() == [b"0", b"1", b"2", b"3"], (
        f"descriptors of the command: {outcome.file('fds')!r}"
    )
    return "whole" if check_records(outcome, outcome.file("out.jsonl"), truth, CODE) else "less, and said"


def check_attach(outcome: Outcome, truth: Record) -> str:
    check_words(outcome)
    assert outcome.file("target") == str(CODE).encode(), f"the process attached to ended by {outcome.file('target')!r}"
    if outcome.status == 125:
        assert len(lines_of(outcome)) >= 1, f"125 without a line: {outcome.said!r}"
        return "refused"
    assert outcome.status == 0, f"status {outcome.status}: {outcome.said}"
    return "whole" if check_records(outcome, outcome.file("out.jsonl"), truth, None) else "less, and said"


def check_reading(outcome: Outcome, truth: Record) -> str:
    """What is written is what it is without failing, or an error is said."""
    check_words(outcome)
    same = all(outcome.file(name) == data for name, data in truth.items())
    if outcome.status == 0:
        assert same, f"status 0, and something else than without failing: {outcome.said}"
        return "whole"
    assert outcome.status == 125, f"status {outcome.status}: {outcome.said}"
    assert lines_of(outcome), f"125 without a line: {outcome.said!r}"
    return "refused"


def check_doctor(outcome: Outcome, truth: Record) -> str:
    check_words(outcome)
    assert outcome.status in (0, 125), f"status {outcome.status}: {outcome.said}"
    assert outcome.status == 0 or lines_of(outcome), f"125 without a line: {outcome.said!r}"
    return "refused" if outcome.status else "whole"


# -------------------------------------------------------------------------------------------------------- scenarios


@dataclass
class Scenario:
    """A way to use denet. `{target}` is the process to attach to."""

    arguments: list[str]
    check: Callable[[Outcome, Any], str]
    attach: bool = False
    stdout: str = "stdout"
    loads: bool = False  # a module, which libc's loader reads: it knows no EINTR, nor does the reading of a disk
    compared: list[str] = field(default_factory=list)  # files that are to be what they are without failing


def scenarios(tools: Tools) -> dict[str, Scenario]:
    command = ["sh", "-c", SCRIPT]
    saved = str(tools.records)
    fast = ["-i", "10", "-m", "10"]
    found = {
        "run": Scenario([*fast, "--write-env", "--stats", "stats.json", "-o", "out.jsonl", "run", *command], check_run),
        "json": Scenario(["-j", *fast, "--status", "row", "run", *command], check_run, stdout="out.jsonl"),
        "attach": Scenario([*fast, "-o", "out.jsonl", "attach", "{target}"], check_attach, attach=True),
        "counters": Scenario([*fast, "--counters", "-o", "out.jsonl", "run", *command], check_run),
        "counters-attach": Scenario(
            [*fast, "--counters", "-o", "out.jsonl", "attach", "{target}"], check_attach, attach=True
        ),
        "stats": Scenario(["stats", saved], check_reading, compared=["stdout"]),
        "compare": Scenario(["stats", saved, saved], check_reading, compared=["stdout"]),
        "summary": Scenario(["--json", "stats", saved], check_reading, compared=["stdout"]),
        "csv": Scenario(["convert", saved, "made.csv"], check_reading, compared=["made.csv"]),
        "array": Scenario(["convert", saved, "made.json"], check_reading, compared=["made.json"]),
        "doctor": Scenario(["doctor"], check_doctor),
    }
    for path in tools.packed:
        found[path.suffix[1:]] = Scenario(
            ["--json", "stats", str(path)], check_reading, compared=["stdout"], loads=True
        )
    return found


class Injector:
    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.scenarios = scenarios(tools)
        self.truths: dict[str, Any] = {}
        self.pids: set[int] = set()  # of the denets that were tried
        self.usual: dict[str, str] = {}  # what comes of it where nothing fails

    # ------------------------------------------------------------------------------------------------ one trial

    def command(self, trial: Trial, folder: Path, target: int) -> tuple[list[str], dict[str, str]]:
        arguments = [
            a.format(target=target) if a == "{target}" else a for a in self.scenarios[trial.scenario].arguments
        ]
        report = str(folder / "report")
        if trial.kind in ("call", "eintr"):
            nth = "eintr" if trial.kind == "eintr" else str(trial.nth)
            return [self.tools.refuse, nth, str(trial.turn), report, DENET, *arguments], {}
        nth = str(-trial.nth if trial.kind == "memory-on" else trial.nth)
        return [DENET, *arguments], {
            "NO_MEMORY": f"{nth} {report} {os.path.realpath(DENET)}",
            "LD_PRELOAD": self.tools.no_memory,
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
        }

    def play(self, trial: Trial, folder: Path) -> Outcome:
        scenario = self.scenarios[trial.scenario]
        folder.mkdir()
        plain = {**os.environ, MARK: str(folder), "LC_ALL": "C.UTF-8"}
        target = None
        if scenario.attach:
            target = subprocess.Popen(["sh", "-c", TARGET], cwd=folder, env=plain, stdin=subprocess.DEVNULL)
        command, more = self.command(trial, folder, target.pid if target else 0)
        with open(folder / scenario.stdout, "wb") as out, open(folder / "stderr", "wb") as err:
            process = subprocess.Popen(
                command, cwd=folder, env={**plain, **more}, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
            status, cpu_secs, hung = self.wait(process)
        if target:
            (folder / "target").write_text(str(target.wait()))
        outcome = Outcome(trial, folder, status, (folder / "stderr").read_text(errors="replace"))
        outcome.cpu_secs, outcome.hung = cpu_secs if not target else 1e9, hung
        outcome.pid = process.pid
        self.read_report(outcome)
        self.pids.add(outcome.pid)
        return outcome

    @staticmethod
    def wait(process: subprocess.Popen[bytes]) -> tuple[int, float, bool]:
        """As a shell has the status; the CPU time is of all that were waited for below."""
        end = time.monotonic() + PATIENCE
        hung = False
        pause = 0.002
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end and not hung:
                hung = True
                kill_quietly(process.pid)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)
        process.returncode = os.waitstatus_to_exitcode(status)
        code = process.returncode
        return 128 - code if code < 0 else code, usage.ru_utime + usage.ru_stime, hung

    @staticmethod
    def read_report(outcome: Outcome) -> None:
        data = outcome.file("report")
        if not data:
            return
        if outcome.trial.kind in ("call", "eintr"):
            *numbers, name, error, path = data.decode(errors="replace").split(maxsplit=5)
            outcome.pid, outcome.count, outcome.errors = (int(n) for n in numbers)
            outcome.failed = "" if name == "-" else f"{name} {error} {path.strip()}"
        else:
            outcome.count, where = struct.unpack("=2Q", data[:16])
            outcome.failed = f"allocation at {where:#x}" if where else ""

    def left_behind(self, folder: Path) -> list[int]:
        mark = f"{MARK}={folder}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
            except OSError:
                continue
        return found

    def judge(self, outcome: Outcome) -> str:
        said = self.scenarios[outcome.trial.scenario].check(outcome, self.truths[outcome.trial.scenario])
        end = time.monotonic() + 2
        while (left := self.left_behind(outcome.folder)) and time.monotonic() < end:
            time.sleep(0.02)
        for pid in left:
            kill_quietly(pid)
        assert not left, f"left running: {left}"
        if outcome.trial.kind == "eintr":
            assert said == self.usual[outcome.trial.scenario], f"interrupted calls make a difference: {outcome.said}"
        return said

    # -------------------------------------------------------------------------------------------------- all of them

    def learn(self, name: str) -> dict[str, int]:
        """What is true where nothing fails, and how many calls and allocations there are."""
        counts = {"call": 0, "memory": 0} if self.tools.calls else {"memory": 0}
        scenario = self.scenarios[name]
        for kind in counts:
            for turn in range(2):
                outcome = self.play(Trial(name, kind), self.tools.folder / f"learn-{name}-{kind}-{turn}")
                counts[kind] = max(counts[kind], outcome.count)
                if scenario.compared:
                    self.truths[name] = {file: outcome.file(file) for file in scenario.compared}
                elif scenario.check in (check_run, check_attach):
                    records = parse_records(outcome.file("out.jsonl"))
                    sums = of_kind(records, "exit")[0]["totals"]
                    known = {"processes_seen": PROCESSES, "syscall_write_bytes": WRITTEN}
                    known = self.truths.setdefault(name, known)
                    if not scenario.attach:  # what that reads while it waits is not the same each time
                        most = known.get("syscall_read_bytes", 0)
                        known["syscall_read_bytes"] = max(most, sums["syscall_read_bytes"])
                else:
                    self.truths[name] = {}
                self.usual[name] = self.judge(outcome)
        return counts


def order(injector: Injector, counts: dict[str, dict[str, int]]) -> Iterator[Trial]:
    """Each call and each allocation once, with the first of its errors; the others are known when it has failed."""
    for name, found in counts.items():
        if injector.tools.calls and not injector.scenarios[name].loads:
            yield Trial(name, "eintr")
        for kind, n in (("call", found.get("call", 0)), ("memory", found["memory"]), ("memory-on", found["memory"])):
            for nth in range(1, n + 1):
                yield Trial(name, kind, nth)


class Tally:
    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.failed: list[str] = []


def place(outcome: Outcome) -> str:
    """The line of denet's that asked for the memory."""
    if "0x" not in outcome.failed:
        return ""
    address = int(outcome.failed.rpartition(" ")[2], 16) - 1
    done = subprocess.run(["addr2line", "-fpse", DENET, hex(address)], capture_output=True, text=True)
    return f" ({done.stdout.strip()})"


def try_one(injector: Injector, trial: Trial, tally: Tally, keep: bool) -> list[Trial]:
    """Tries it, notes what came of it, and returns the same with the call's other errors."""
    folder = injector.tools.folder / str(trial).replace(" ", "-")
    outcome = injector.play(trial, folder)
    if not outcome.failed and trial.kind != "eintr":
        shutil.rmtree(folder)
        return []  # it makes fewer calls this time
    try:
        tally.outcomes[injector.judge(outcome)] += 1
    except (AssertionError, UnicodeError) as error:
        tally.failed.append(str(trial))
        print(f"FAILED: {trial}: {outcome.failed}{place(outcome)}: {error}", flush=True)
        print(f"once more: tests/inject/run.py --keep --only '{trial}'", flush=True)
        if keep:
            print(f"its files: {shutil.copytree(folder, tempfile.mkdtemp(prefix='inject-') + '/kept')}")
    tally.kinds[trial.kind] += 1
    shutil.rmtree(folder)
    return [trial._replace(turn=t) for t in range(1, outcome.errors)] if (trial.kind, trial.turn) == ("call", 0) else []


def take_all(injector: Injector, trials: list[Trial], end: float, tally: Tally, keep: bool) -> None:
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)) * 2) as pool:
        while trials:
            now, trials = trials[:64], trials[64:]

            def one(trial: Trial) -> list[Trial]:
                return try_one(injector, trial, tally, keep) if time.monotonic() < end else []

            for more in pool.map(one, now):
                trials += more
            if time.monotonic() >= end:
                break


def leftover_cgroups(pids: set[int]) -> list[str]:
    """Of denets that were these processes; what one of them could not remove, another one does."""
    subprocess.run([DENET, "-q", "run", "true"], check=True)
    found = [p for root in Path("/sys/fs").glob("cgroup*") for p in root.rglob("denet-*")]
    return [str(p) for p in found if p.name.split("-")[1].isdigit() and int(p.name.split("-")[1]) in pids]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1e9, help="so long at the most")
    parser.add_argument("--seed", type=int, help="in an order that follows from it")
    parser.add_argument("--scenario", action="append", help="this one; may be given again")
    parser.add_argument("--part", default="1/1", help="2/12: the second of twelve parts of it all")
    parser.add_argument("--only", help="one trial, as it is called where it fails")
    parser.add_argument("--keep", action="store_true", help="leave the files of what fails")
    parser.add_argument("--json", type=Path, help="what was tried, as JSON")
    options = parser.parse_args()
    tally = Tally()
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory(prefix="inject-") as made:
        injector = Injector(Tools(Path(made)))
        chosen = options.scenario or list(injector.scenarios)
        if options.only:
            name, kind, nth, turn = options.only.split()
            chosen, trials = [name], [Trial(name, kind, int(nth), int(turn))]
        counts = {name: injector.learn(name) for name in chosen}
        if not options.only:
            part, parts = (int(number) for number in options.part.split("/"))
            trials = list(order(injector, counts))[part - 1 :: parts]
        if options.seed is not None:
            random.Random(options.seed).shuffle(trials)
        take_all(injector, trials, end, tally, options.keep)
        assert not (left := leftover_cgroups(injector.pids)), f"cgroups stay: {left}"
    sums: dict[str, Any] = {"there": counts, "tried": dict(tally.kinds), "outcomes": dict(tally.outcomes)}
    print(json.dumps({**sums, "failed": tally.failed}))
    if options.json:
        options.json.write_text(json.dumps({**sums, "failed": tally.failed}) + "\n")
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
