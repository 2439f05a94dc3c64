#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches random trees of processes with denet, and holds what it says against what they say of themselves.

    run.py --seconds 60         as many as fit, each of another seed
    run.py --seed 4711          one of them again; --keep leaves its files

chaos.c is the tree, and ledger.h says what it tells; nest.c has the kernel's own opinion. What is asked of denet for
each seed: it does not crash and does not hang; no process, descriptor or cgroup of it stays; every line is as the
schema has it and no total ever falls; CPU time, bytes written and bytes read are those of the ledger, and where they
are less the exit record says that they are a lower bound."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

from harness import (  # noqa: E402
    DENET,
    SANITIZED,
    TICK,
    Record,
    check_every_line,
    cpu_secs,
    kill_quietly,
    of_kind,
    parse_records,
    the,
    whole_lines,
)

PATIENCE = 120.0 if SANITIZED else 40.0  # seconds until something hangs
HEADER = ("most", "seed", "tidy", "ms", "phase", "go", "end_ns", "made", "ignorers", "subreapers") + (
    "main_code",
    "main_signal",
    "exec_bytes",
)
GO_AT = HEADER.index("go") * 8
ACCOUNT = ("pid", "start_ticks", "cpu_ns", "wrote", "may_write", "read", "may_read", "execs", "may_exec") + (
    "parent",
    "ignores",
)
NEST = ("pid", "ended", "own_us", "early_us", "all_us", "orphans", "done")
TAIL = 2
TIME_LIMIT = 124
LOADS_FROM = 100  # processes: from then on denet has the sampler loaded, by itself
NAMES: tuple[bytes, ...] = (b"odd name)", b"new\nline", b"\x1b[31mred", b"\xff\xfe", b"gone", b"-o")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def build(folder: Path) -> None:
    """chaos and nest. Static where that can be had: an exec of it is then quick."""
    cc = [os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-pthread"]
    sources = [str(HERE / "chaos.c"), str(HERE / "acts.c")]
    chaos = [*cc, "-o", str(folder / "chaos"), *sources]
    if subprocess.run([*chaos, "-static"], capture_output=True).returncode != 0:
        subprocess.run(chaos, check=True)
    subprocess.run([*cc, "-o", str(folder / "nest"), str(HERE / "nest.c")], check=True)


@dataclass
class Ledger:
    """ledger.h, as it is now."""

    header: dict[str, int]
    accounts: list[dict[str, int]]

    @staticmethod
    def read(path: Path) -> Ledger:
        data = path.read_bytes()
        words = struct.unpack_from(f"={len(HEADER)}Q", data)
        header = dict(zip(HEADER, words))
        size = 8 * len(ACCOUNT)
        accounts = [
            dict(zip(ACCOUNT, struct.unpack_from(f"={len(ACCOUNT)}Q", data, 8 * len(HEADER) + i * size)))
            for i in range(header["made"])
        ]
        return Ledger(header, accounts)

    def sum(self, name: str) -> int:
        return sum(a[name] for a in self.accounts)

    def sum_unhanded(self, name: str) -> int:
        """Of those alone whose totals the kernel may have handed to nobody: one that they come from ignored SIGCHLD."""
        unhanded = [False] * len(self.accounts)
        for i, account in enumerate(self.accounts):  # a parent stands before its children
            above = account["parent"] - 1
            unhanded[i] = above >= 0 and (unhanded[above] or self.accounts[above]["ignores"] != 0)
        return sum(a[name] for i, a in enumerate(self.accounts) if unhanded[i])

    def living(self) -> list[int]:
        """The numbers of those that are there. One that was killed before it could say when it began has no start."""
        said = [a for a in self.accounts if a["pid"] and a["start_ticks"]]
        return [a["pid"] for a in said if start_of(a["pid"]) == a["start_ticks"]]


def read_nest(path: Path) -> dict[str, int]:
    data = path.read_bytes() if path.exists() else b""
    size = 8 * len(NEST)
    return (
        dict(zip(NEST, struct.unpack(f"={len(NEST)}Q", data[:size]))) if len(data) >= size else dict.fromkeys(NEST, 0)
    )


def start_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
    except OSError:
        return 0


def descriptors(pid: int) -> list[str]:
    found = []
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            found.append(os.readlink(entry))
    except OSError:
        pass  # gone, or this one is just being closed
    return found


def wait_for(what: Callable[[], object], said: str) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, said
        time.sleep(0.005)


@dataclass
class Plan:
    """What is done with a seed; all of it follows from the seed."""

    seed: int
    attach: bool = False
    tidy: bool = True
    most: int = 100
    ms: int = 500
    ending: str = ".jsonl"
    meanwhile: str = ""  # duration, TERM, STOP, INT, KILL: what befalls denet itself
    show: str = "-q"
    options: list[str] = field(default_factory=list)

    @staticmethod
    def of(seed: int) -> Plan:
        r = random.Random(seed)
        plan = Plan(
            seed, r.random() < 0.25, r.random() < 0.7, r.choice([30, 100, 300, 600]), r.choice([300, 600, 1200])
        )
        interval = r.choice([1, 5, 20, 100])
        plan.options = ["-i", str(interval), "-m", str(max(interval, r.choice([20, 100])))]
        plan.ending = r.choice([".jsonl"] * 5 + [".jsonl.zst", ".jsonl.gz", ".csv"])
        plan.meanwhile = r.choice([""] * 6 + ["duration", "TERM", "STOP", "INT", "KILL"])
        plan.show = r.choice(["-q", "-q", "-n", "-j", "--status=row"])
        plan.options += r.choice([[], [], ["--children", "active"], ["--children", "none"], ["--exclude-children"]])
        plan.options += r.choice([[], [], ["--cgroup", "off"]])
        plan.options += r.choice([[], [], ["--write-env"], ["--since-process-start"]])
        if r.random() < 0.3 and not plan.attach:
            plan.options.append("--wait-all")
        if plan.meanwhile == "duration":
            plan.options += ["-d", str(plan.ms / 2000)]
        plan.options += r.choice([[], [], [], ["--counters"]])
        return plan

    @property
    def children(self) -> bool:
        return "--exclude-children" not in self.options

    def is_whole(self, status: int) -> bool:
        """denet sees the end of everybody: not where the main process's comes first and is no other's."""
        if self.attach or not self.children or self.meanwhile in ("KILL", "INT"):
            return False
        if "--wait-all" in self.options or (self.meanwhile == "duration" and status == TIME_LIMIT):
            return True
        return self.tidy and self.meanwhile != "TERM"

    def __str__(self) -> str:
        how = f"{'attach' if self.attach else 'run'} {'tidy' if self.tidy else 'untidy'}"
        words = [how, f"{self.most} processes", f"{self.ms} ms", self.show, *self.options, self.ending, self.meanwhile]
        return f"seed {self.seed}: {' '.join(w for w in words if w)}"


class Run:
    """One seed, from its start to what is left of it."""

    def __init__(self, plan: Plan, tools: Path, folder: Path) -> None:
        self.plan = plan
        self.tools = tools
        self.ledger, self.report = folder / "ledger", folder / "nest"
        self.out = folder / ("out" + plan.ending)
        self.stdout, self.stderr = folder / "stdout", folder / "stderr"
        self.folder = folder
        self.nest: subprocess.Popen[bytes] | None = None
        self.attached: subprocess.Popen[bytes] | None = None
        self.denet_pid = 0
        self.started = 0
        names = folder / "ledger.names"
        names.mkdir()
        for name in NAMES:
            os.link(tools / "chaos", os.fsencode(names) + b"/" + name)

    def chaos(self) -> list[str]:
        plan = self.plan
        words = [str(self.tools / "chaos"), str(self.ledger), str(plan.seed), str(plan.most), str(plan.ms)]
        return [*words, "tidy" if plan.tidy else "untidy"]

    def start(self) -> None:
        plan = self.plan
        command = [DENET, plan.show, *plan.options, "-o", str(self.out)]
        nest = [str(self.tools / "nest"), str(self.report)]
        streams: dict[str, Any] = {"stdout": self.stdout.open("wb"), "stderr": self.stderr.open("wb")}
        streams["stdin"] = subprocess.DEVNULL
        if plan.attach:
            with open(os.devnull, "r+b") as null:
                self.nest = subprocess.Popen([*nest, *self.chaos()], start_new_session=True, stdin=null, stdout=null)
            main = self.main_pid()
            self.attached = subprocess.Popen([*command, "attach", str(main)], start_new_session=True, **streams)
            self.denet_pid = self.attached.pid
        else:
            more = [*nest, *command, "run", "--", *self.chaos()]
            self.nest = subprocess.Popen(more, start_new_session=True, **streams)
            wait_for(lambda: read_nest(self.report)["pid"], "nest did not start")
            self.denet_pid = read_nest(self.report)["pid"]
            self.main_pid()
        for stream in ("stdout", "stderr"):
            streams[stream].close()
        self.started = start_of(self.denet_pid)

    def main_pid(self) -> int:
        def found() -> int:
            ready = self.ledger.exists() and self.ledger.stat().st_size > 8 * len(HEADER)
            accounts = Ledger.read(self.ledger).accounts if ready else []
            return accounts[0]["pid"] if accounts and accounts[0]["start_ticks"] else 0

        wait_for(found, "chaos did not start")
        return found()

    def go(self, number: int) -> None:
        with self.ledger.open("r+b") as out:
            out.seek(GO_AT)
            out.write(struct.pack("=Q", number))

    def has_ended(self) -> bool:
        if self.attached:
            return self.attached.poll() is not None
        assert self.nest
        assert self.nest.poll() in (None, 0), f"the nest ended by {self.nest.returncode}"
        return read_nest(self.report)["ended"] != 0

    def befall(self) -> None:
        """What happens to denet in the middle."""
        end = time.monotonic() + self.plan.ms / 2000
        while time.monotonic() < end and not self.has_ended():
            time.sleep(0.01)
        if self.plan.meanwhile in ("", "duration") or self.has_ended():
            return
        signals = {"TERM": ["TERM"], "STOP": ["STOP", "CONT"], "INT": ["INT", "INT"], "KILL": ["KILL"]}
        for name in signals[self.plan.meanwhile]:
            kill_quietly(self.denet_pid, signal.Signals[f"SIG{name}"])
            time.sleep(0.15)

    def held(self) -> int:
        return len(descriptors(self.denet_pid))

    def watches_main(self) -> bool:
        mark = f"/proc/{Ledger.read(self.ledger).accounts[0]['pid']}/"
        return self.has_ended() or any(mark in link for link in descriptors(self.denet_pid))

    def to_the_end(self) -> None:
        wait_for(self.watches_main, "denet does not watch the main process")
        time.sleep(0.05)
        before = self.held()
        self.go(1)
        self.befall()
        wait_for(lambda: self.has_ended() or Ledger.read(self.ledger).header["phase"] == TAIL, "the chaos hangs")
        if not self.has_ended():
            # One more may be held where the tree has none: a module that was opened later.
            wait_for(
                lambda: self.has_ended() or self.held() <= before + 1,
                f"more than the {before} descriptors of the start",
            )
        self.go(2)
        wait_for(self.has_ended, "denet hangs")
        if self.attached:
            self.attached.wait()
        assert self.nest
        self.nest.wait(PATIENCE)

    def status(self) -> int:
        """denet's, as a shell has it."""
        if self.attached:
            code = self.attached.returncode
            return 128 - code if code < 0 else code
        status = read_nest(self.report)["ended"] - 1
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)

    def clean_up(self) -> None:
        """After a failure something may live on."""
        for process in (self.nest, self.attached):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        if self.denet_pid and self.started and start_of(self.denet_pid) == self.started:
            kill_quietly(self.denet_pid)
        for pid in Ledger.read(self.ledger).living() if self.ledger.exists() else []:
            kill_quietly(pid)


class Judge:
    """What is asked of denet, when all has ended."""

    def __init__(self, run: Run, exec_bytes: int) -> None:
        self.run, self.plan = run, run.plan
        self.ledger, self.nest = Ledger.read(run.ledger), read_nest(run.report)
        self.exec_bytes = exec_bytes
        self.whole = run.plan.is_whole(run.status())

    def records(self) -> list[Record]:
        out = self.run.out
        if self.plan.ending in (".jsonl.zst", ".jsonl.gz"):
            plain = self.run.folder / "plain.jsonl"
            done = subprocess.run([DENET, "convert", str(out), str(plain)], capture_output=True)
            assert done.returncode == 0 or self.plan.meanwhile == "KILL", done.stderr
            out = plain
            if not plain.exists():
                return []
        data = out.read_bytes()
        if self.plan.meanwhile == "KILL":
            data = b"".join(line + b"\n" for line in whole_lines(data))
        return parse_records(data)

    def check_what_is_left(self) -> None:
        left = self.ledger.living()
        assert not left, f"still there: {left}"
        assert start_of(self.run.denet_pid) != self.run.started, "denet is still there"
        if not self.whole:  # then somebody may have been in it still, and the next denet removes it
            subprocess.run([DENET, "-q", "run", "true"], check=True)
        made = f"denet-{self.run.denet_pid}-{self.run.started}"
        # Others' come and go meanwhile, which Path.rglob does not like.
        cgroups = [path for path, _, _ in os.walk("/sys/fs/cgroup") if os.path.basename(path).startswith(made)]
        assert not cgroups, f"cgroups stay: {cgroups}"

    def check_words(self) -> None:
        said = self.run.stderr.read_bytes()
        assert b"Sanitizer" not in said and b"runtime error" not in said, said.decode(errors="replace")
        text = said.decode("utf-8")
        assert not CONTROL.search(text), f"control characters on standard error: {text!r}"

    def check_status(self, last: Record) -> None:
        status, header = self.run.status(), self.ledger.header
        code, number = last.get("exit_code"), last.get("signal")
        if self.plan.attach:
            assert status == 0, f"status {status}"
            return
        if self.plan.meanwhile == "duration":
            over = last["totals"]["wall_secs"] >= self.plan.ms / 2000
            assert (status == TIME_LIMIT) == over, f"status {status} of {last}"
            assert over or not self.plan.tidy, f"ended before its time: {last}"
            assert not (over and "still_running" in last), f"over, and not stopped: {last}"
        elif code is not None or number is not None:
            assert status == (128 + int(number or 0) if code is None else code), f"status {status} of {last}"
        if self.plan.meanwhile == "" and header["main_code"]:
            assert code == header["main_code"] - 1, f"exit code {code}"
        elif self.plan.meanwhile == "" and self.plan.tidy:
            assert number == header["main_signal"] - 1, f"signal {number}"

    def less(self, truth: float, said: float, tolerance: float, name: str, last: Record) -> None:
        """What is short must be said to be so. Where denet did not see the end, it may be; and of those that nobody was
        handed, whoever ignores SIGCHLD may have come and gone between two samples."""
        if self.plan.attach or self.whole:
            assert said >= truth - tolerance or "lower_bound" in last, f"{name}: {said}, and {truth} is true"

    def check_cpu(self, last: Record) -> None:
        used = cpu_secs(last["totals"])
        told = self.ledger.sum("cpu_ns") / 1e9
        own = 0 if self.plan.attach else self.nest["own_us"]
        kernel = (self.nest["all_us"] - own) / 1e6
        loss = self.ledger.header["ignorers"]
        unhanded = self.ledger.sum_unhanded("cpu_ns") / 1e9
        self.less(told, used, 0.03 + 0.01 * told + unhanded, "CPU time by the ledger", last)
        # Where the kernel hands on nothing, it is the ledger that knows; but not what the ends cost.
        most = (
            max(kernel, told) + 0.05 if not loss else max(kernel, told) * 1.1 + 0.05 + 0.001 * len(self.ledger.accounts)
        )
        assert used <= most, f"CPU time: {used}, and {kernel} by the kernel, {told} by the ledger"
        if self.whole and not loss:
            # What denet alone used is in two numbers of whole ticks. And what loads the sampler for a tree that has
            # grown is a child of denet's: the kernel's number here has it, and no total may.
            early = (self.nest["early_us"] - own) / 1e6
            loader = 0.05 if self.plan.most >= LOADS_FROM else 0
            assert used >= early - 0.03 - loader, f"CPU time: {used}, and {early} by the kernel"

    def check_bytes(self, last: Record) -> None:
        least, most = self.ledger.sum("wrote"), self.ledger.sum("wrote") + self.ledger.sum("may_write")
        said = last["totals"]["syscall_write_bytes"]
        assert said <= most, f"written: {said}, and {most} at the most"
        self.less(least, said, self.ledger.sum_unhanded("wrote"), "bytes written", last)
        execs = 0 if self.plan.attach and "--since-process-start" not in self.plan.options else 1
        least = self.ledger.sum("read") + (execs + self.ledger.sum("execs")) * self.exec_bytes
        most = least + self.ledger.sum("may_read") + self.ledger.sum("may_exec") * self.exec_bytes
        said = last["totals"]["syscall_read_bytes"]
        assert said <= most, f"read: {said}, and {most} at the most"
        unhanded = self.ledger.sum_unhanded("read") + self.ledger.sum_unhanded("execs") * self.exec_bytes
        self.less(least, said, unhanded, "bytes read", last)

    def check(self) -> None:
        self.check_what_is_left()
        self.check_words()
        if self.plan.ending == ".csv":
            rows = self.run.out.read_bytes().decode().splitlines()
            assert rows and all(row.count(",") == rows[0].count(",") for row in rows), "a row of another width"
            return
        records = self.records()
        if self.plan.meanwhile == "KILL":
            return
        last = the(records, "exit")
        assert records[-1] is last
        assert of_kind(records, "tree" if self.plan.children else "sample"), "no sample"
        if self.plan.show == "-j":
            assert parse_records(self.run.stdout.read_bytes()) == records
        check_every_line(records, 2 * TICK * len(self.ledger.accounts))
        self.check_status(last)
        seen = last["totals"]["processes_seen"]
        assert 1 <= seen <= len(self.ledger.accounts), f"{seen} processes of {len(self.ledger.accounts)}"
        if not self.plan.children:
            return
        self.check_cpu(last)
        self.check_bytes(last)
        if self.whole and not self.ledger.header["ignorers"]:
            assert "lower_bound" not in last, f"nothing was lost: {last}"


def one(plan: Plan, tools: Path, folder: Path, exec_bytes: int) -> dict[str, Any]:
    run = Run(plan, tools, folder)
    try:
        run.start()
        run.to_the_end()
    finally:
        run.clean_up()
    judge = Judge(run, exec_bytes)
    judge.check()
    ledger = judge.ledger
    return {
        "processes": len(ledger.accounts),
        "execs": ledger.sum("execs"),
        "written": ledger.sum("wrote"),
        "cpu_secs": ledger.sum("cpu_ns") / 1e9,
        "mode": plan.meanwhile or ("attach" if plan.attach else "run"),
    }


def calibrate(tools: Path) -> int:
    path = tools / "calibration"
    subprocess.run([str(tools / "chaos"), str(path), "calibrate"], check=True)
    return Ledger.read(path).header["exec_bytes"]


def sums_of(seen: list[dict[str, Any]]) -> dict[str, Any]:
    sums: dict[str, Any] = {"trees": len(seen)}
    for name in ("processes", "execs", "written", "cpu_secs"):
        sums[name] = round(sum(s[name] for s in seen), 1)
    sums["modes"] = {m: sum(s["mode"] == m for s in seen) for m in sorted({s["mode"] for s in seen})}
    return sums


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="this one alone, or the first")
    parser.add_argument("--seconds", type=float, default=0, help="go on with the next seeds for so long")
    parser.add_argument("--keep", action="store_true", help="leave the files of a seed that fails")
    parser.add_argument("--go-on", action="store_true", help="after a failure too")
    parser.add_argument("--json", type=Path, help="what was done, as JSON")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time() * 1000) % 1_000_000_000
    end = time.monotonic() + options.seconds
    seen: list[dict[str, Any]] = []
    failed: list[int] = []
    with tempfile.TemporaryDirectory(prefix="chaos-") as made:
        tools = Path(made)
        build(tools)
        exec_bytes = calibrate(tools)
        while True:
            plan = Plan.of(seed)
            folder = tools / str(seed)
            folder.mkdir()
            print(plan, flush=True)
            try:
                seen.append(one(plan, tools, folder, exec_bytes))
            except (AssertionError, UnicodeError) as error:
                failed.append(seed)
                print(f"FAILED: {error}\nonce more: tests/chaos/run.py --keep --seed {seed}", flush=True)
                if options.keep:
                    kept = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
                    shutil.copytree(folder, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("ledger.names"))
                    print(f"its files: {kept}")
                if not options.go_on:
                    break
            shutil.rmtree(folder)
            seed += 1
            if time.monotonic() >= end:
                break
    sums = sums_of(seen)
    print(json.dumps({**sums, "failed": failed}))
    if options.json:
        options.json.write_text(json.dumps({**sums, "failed": failed}) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
