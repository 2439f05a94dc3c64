# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the program share: denet started as its users start it, and what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

import pytest
from schema import check_record

ROOT = Path(__file__).resolve().parents[2]
DENET = os.path.abspath(os.environ.get("DENET", ROOT / "build" / "denet"))
SANITIZED = os.environ.get("DENET_SANITIZED") == "1"
SLOW = SANITIZED or os.environ.get("DENET_SLOW") == "1"  # as an emulated machine is: less of the same
PATIENCE = 240.0 if SLOW else 60.0  # seconds until a test says that something hangs
CORES = len(os.sched_getaffinity(0))
TICK = 0.010  # seconds: what one tick is in the project's promises

Argument = Union[str, bytes, "os.PathLike[str]"]
Record = dict[str, Any]


def filtered(how: str, what: str) -> list[Argument]:
    """What stands before a command that is to run under a seccomp filter."""
    return [sys.executable, Path(__file__).parent / "filtered.py", how, what]


def built_double(name: str, directory: Path) -> Path:
    """A double of tests/doubles, to be preloaded."""
    built = directory / f"{name}.so"
    if not shutil.which(os.environ.get("CC", "cc").split()[0]):
        pytest.skip("no compiler here")
    cc = [os.environ.get("CC", "cc"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC"]
    source = ROOT / "tests" / "doubles" / f"{name}.c"
    subprocess.run([*cc, "-o", str(built), str(source), "-ldl", "-lpthread"], check=True)
    return built


def preloading(double: Path) -> dict[str, str]:
    """An environment with it."""
    asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return {**os.environ, "LD_PRELOAD": str(double), "ASAN_OPTIONS": asan}


def copy_for_others(directory: Path) -> Path:
    """A copy of denet that somebody else may execute, without its modules beside it."""
    copy = directory / "denet"
    shutil.copy(DENET, copy)
    copy.chmod(0o755)
    for path in (directory, *directory.parents):
        if path.is_relative_to("/tmp"):
            path.chmod(path.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    return copy


def only_json(text: str) -> Any:
    """Parses JSON as the standard has it: no NaN, no Infinity."""

    def refuse(constant: str) -> Any:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def whole_lines(data: bytes) -> list[bytes]:
    """The lines that end in a newline; what follows the last one is to be dropped."""
    return data.split(b"\n")[:-1]


def parse_records(data: bytes, ours: bool = True) -> list[Record]:
    """Every line of `data` as a record. Bytes that are not UTF-8 and lines that are not objects fail the test, and so
    does what the schema does not allow, unless these are not `ours`: an older release's, or made up."""
    assert data == b"" or data.endswith(b"\n"), f"the last line is cut: {data[-200:]!r}"
    records: list[Record] = []
    for line in whole_lines(data):
        record = only_json(line.decode("utf-8"))
        assert isinstance(record, dict), line
        if ours:
            check_record(record)
        records.append(record)
    return records


def read_records(path: Path, ours: bool = True) -> list[Record]:
    return parse_records(path.read_bytes(), ours)


def of_kind(records: Sequence[Record], kind: str) -> list[Record]:
    return [r for r in records if r["kind"] == kind]


def the(records: Sequence[Record], kind: str) -> Record:
    """The one record of this kind."""
    found = of_kind(records, kind)
    assert len(found) == 1, f"{len(found)} records of kind {kind}"
    return found[0]


def totals(records: Sequence[Record]) -> Record:
    found = the(records, "exit")["totals"]
    assert isinstance(found, dict)
    return found


def cpu_secs(metrics: Record) -> float:
    return float(metrics["cpu_user_secs"]) + float(metrics["cpu_system_secs"])


@dataclass
class Result:
    """What a program left behind when it had ended."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode("utf-8")

    @property
    def err(self) -> str:
        return self.stderr.decode("utf-8")

    @property
    def records(self) -> list[Record]:
        """Standard output, where it is records (--json)."""
        return parse_records(self.stdout)

    @property
    def error_line(self) -> str:
        """The one line that denet says when something is wrong; the usage may follow."""
        first, _, rest = self.err.partition("\n")
        assert first.startswith("denet: "), self.err
        assert rest == "" or rest.startswith("Usage: "), f"more than one line and the usage: {self.err}"
        return first


def finish(process: subprocess.Popen[bytes], data: bytes | None = None, patience: float = PATIENCE) -> Result:
    try:
        out, err = process.communicate(data, timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"{process.args!r} did not end in {patience:g} s") from None
    return Result(process.returncode, out or b"", err or b"")


def execute(command: Sequence[Argument], data: bytes = b"", **how: Any) -> Result:
    """Runs any command to its end, with pipes for all three streams unless `how` says otherwise."""
    how.setdefault("stdin", subprocess.PIPE)
    how.setdefault("stdout", subprocess.PIPE)
    how.setdefault("stderr", subprocess.PIPE)
    process = subprocess.Popen([os.fspath(c) for c in command], **how)
    return finish(process, data if how["stdin"] == subprocess.PIPE else None)


def denet(*arguments: Argument, data: bytes = b"", **how: Any) -> Result:
    """`denet ARGUMENT…`, to its end, with `data` on standard input."""
    return execute([DENET, *arguments], data, **how)


def measure(path: Path, command: Sequence[Argument], *options: Argument, **how: Any) -> tuple[Result, list[Record]]:
    """`denet OPTIONS -o PATH run COMMAND`, which must succeed, and the records that it wrote."""
    result = denet(*options, "-o", path, "run", "--", *command, **how)
    assert result.status == 0, (result.status, result.err)
    return result, read_records(path)


def has_io_uring() -> bool:
    """Of this kernel, for this user."""
    switch = Path("/proc/sys/kernel/io_uring_disabled")
    return switch.exists() and switch.read_text().strip() in ("0", "1" if os.geteuid() == 0 else "0")


def wait_until(what: Callable[[], object], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def state_of(pid: int) -> str:
    """The letter of /proc/PID/stat, or nothing when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid: int) -> bool:
    return state_of(pid) not in ("", "Z", "X")


def kill_quietly(pid: int, number: int = signal.SIGKILL) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def command_pid(denet_pid: int) -> int:
    """The process that a running denet has started, once it is there; the status row's helper is another child."""
    children: list[int] = []

    def is_helper(pid: str) -> bool:
        try:
            return Path(f"/proc/{pid}/comm").read_text() == "denet-helper\n"
        except OSError:
            return True  # gone

    def found() -> bool:
        for task in Path(f"/proc/{denet_pid}/task").iterdir():
            children[:] = [int(p) for p in (task / "children").read_text().split() if not is_helper(p)]
            if children:
                return True
        return False

    wait_until(found)
    return children[0]


@dataclass
class Report:
    """What a program of tests/truth/ said of itself."""

    cpu_secs: float
    processes: int
    user_secs: float
    system_secs: float

    @staticmethod
    def read(path: Path) -> Report:
        cpu_ns, processes, user_us, system_us = struct.unpack("=4Q", path.read_bytes())
        return Report(cpu_ns / 1e9, processes, user_us / 1e6, system_us / 1e6)


def steps(records: Sequence[Record]) -> Iterator[tuple[int, Record]]:
    """(elapsed_us since the record before, metrics of the whole) of each tree or sample."""
    before = 0
    for record in records:
        if record["kind"] in ("tree", "sample"):
            yield record["elapsed_us"] - before, record.get("aggregated", record)
            before = record["elapsed_us"]


# Whole numbers that count up.
COUNTERS = [
    "disk_read_bytes",
    "disk_write_bytes",
    "syscall_read_bytes",
    "syscall_write_bytes",
    "page_faults_cached",
    "page_faults_disk",
    "io_read_ops",
    "io_write_ops",
    "disk_cancelled_write_bytes",
]
# What may never fall in the whole, whoever ends.
NEVER_FALLS = ["cpu_user_secs", "cpu_system_secs", *COUNTERS]


def check_every_line(records: Sequence[Record], behind: float = 0) -> None:
    """What holds on each tree and between any two of them, and of all of them together. `behind`: seconds of CPU time
    that may come late, since each living parent has what it was handed in whole ticks."""
    before: Record = {}
    integral = whole_us = 0.0
    surplus = most_surplus = 0.0
    for us, metrics in steps(records):
        for name in NEVER_FALLS:
            assert metrics[name] >= before.get(name, 0), f"{name} falls from {before[name]} at {metrics['ts_ms']}"
        assert metrics["cpu_usage"] >= 0
        integral += us * metrics["cpu_usage"] / 1e8
        whole_us += us
        # More than all cores can do, over any stretch of lines; the clock of a process lags by up to a tick.
        surplus = max(0.0, surplus + us * metrics["cpu_usage"] / 1e8 - CORES * us / 1e6)
        most_surplus = max(most_surplus, surplus)
        before = metrics
    sums = totals(records)
    # Two decimals of a percentage are off by half of the last at the most.
    off = abs(integral - cpu_secs(sums))
    assert off <= TICK + 0.5e-4 * whole_us / 1e6, f"{off} s between cpu_usage's integral and the total"
    for name in NEVER_FALLS:
        assert sums[name] >= before[name], f"{name}: the total is less than the last line's"
        assert sums[name] == before[name], f"{name}: one more sample at the very end has the total"
    assert most_surplus <= CORES * TICK + behind, f"{most_surplus} s of CPU time more than {CORES} cores can do"
