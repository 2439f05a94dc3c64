# SPDX-License-Identifier: GPL-3.0-or-later
"""What eBPF counts, against processes whose truth is known. Skipped, with denet's own reason, where it cannot load."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import pytest
from conftest import Background, Helper
from harness import (
    CORES,
    DENET,
    PATIENCE,
    SANITIZED,
    SLOW,
    Argument,
    Record,
    cpu_secs,
    denet,
    execute,
    of_kind,
    parse_records,
    read_records,
    the,
    totals,
    wait_until,
)


def why_not() -> str:
    """Why eBPF does not run here; empty where it does."""
    ability = the(denet("--enable-ebpf", "-j", "run", "true").records, "metadata")["capabilities"]["ebpf"]
    return "" if ability["available"] else f"eBPF: {ability['reason']}"


KERNEL = tuple(int("".join(c for c in n if c.isdigit()) or 0) for n in platform.release().split(".")[:2])
NOT_HERE = why_not()
BESIDES = 0.1 if SLOW else 0.002  # seconds that a process uses before and after it looks at its clock
pytestmark = pytest.mark.skipif(bool(NOT_HERE), reason=NOT_HERE or "eBPF runs here")


def ended(*arguments: Argument, parts: str = "syscalls,exits") -> Record:
    """The exit record of `denet --ebpf PARTS -j ARGUMENT…`."""
    result = denet("--ebpf", parts, "-j", *arguments)
    if result.status == 77:
        pytest.skip(result.err)
    assert result.status == 0, result.err
    return the(result.records, "exit")


def denet_command(*arguments: Argument) -> list[Argument]:
    return [DENET, *arguments]


def calls(record: Record) -> dict[str, dict[str, Any]]:
    """By name, of an exit record."""
    return {call["name"]: call for call in record["ebpf"]["syscalls"]["top_syscalls"]}


def attach(background: Background, parts: str, pid: int, out: Path) -> subprocess.Popen[bytes]:
    """A denet that watches the process from now on: it has written its first record."""
    watcher = background(denet_command("--ebpf", parts, "-o", out, "attach", str(pid)))
    wait_until(lambda: watcher.poll() is not None or (out.exists() and b"\n" in out.read_bytes()))
    return watcher


def told(watcher: subprocess.Popen[bytes], out: Path) -> Record:
    """Its exit record, when what it watches has ended."""
    _, err = watcher.communicate(timeout=PATIENCE)
    assert watcher.returncode == 0, err
    return the(read_records(out), "exit")


def programs() -> set[str]:
    """The ids of the BPF programs that are loaded on this machine."""
    path = os.environ["PATH"] + ":/usr/sbin"
    listed = subprocess.run(
        [shutil.which("bpftool", path=path) or "true", "prog", "list"], capture_output=True, text=True
    )
    return set(re.findall(r"^(\d+):", listed.stdout, re.M))


@pytest.mark.parametrize("threads", [1, 4])
def test_five_million_calls_are_counted_exactly(truth: Helper, threads: int) -> None:
    count = 500_000 if SLOW else 5_000_000
    record = ended("run", truth("calls"), str(count), str(threads))
    assert calls(record)["getppid"]["count"] == count
    assert record["ebpf"]["lost_events"] == 0


def test_a_32_bit_call_is_listed_apart(truth: Helper) -> None:
    record = ended("run", truth("waits"), "pipe32", "20")
    call = calls(record)["read (32-bit)"]
    assert (call["count"], call["errors"]) == (1, 0)
    assert 20e6 * 0.98 <= call["max_ns"] == call["total_ns"]


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize(
    "command",
    [
        ["ls", "-l", "/usr/bin"],
        [sys.executable, "-c", "import json, os; os.listdir('/')"],
        ["git", "--version"],
        ["cc", "-x", "c", "-c", "-o", "/dev/null", "/dev/null"],
        ["sh", "-c", "for i in 1 2 3 4 5; do (ls / | wc -l) > /dev/null; done; kill -USR1 $$ 2> /dev/null; exit 0"],
    ],
    ids=["ls", "python", "git", "compiler", "shell"],
)
def test_counts_are_those_of_strace(command: list[str], tmp_path: Path) -> None:
    """But for calls that never return, which strace leaves out."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    if command[0] == "sh":
        command = [*command[:2], f"trap : USR1; {command[2]}"]
    # What chance decides (a temporary name that is taken, a signal that comes in a fork) is alike in one of a few runs.
    for _ in range(5):
        different = compare_with_strace(command, tmp_path / "strace")
        if not different:
            return
    assert different == {}


def compare_with_strace(command: list[str], listing: Path) -> dict[str, tuple[int | None, int | None]]:
    """What differs: our number of calls, and theirs."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "LC_ALL": "C"}
    subprocess.run(
        ["strace", "-f", "-c", "-o", str(listing), *command], check=True, env=env, stdout=DEVNULL, stderr=DEVNULL
    )
    theirs = {}
    for line in listing.read_text().splitlines():
        words = line.split()
        if len(words) in (5, 6) and words[3].isdigit() and words[-1] != "total":
            theirs[words[-1]] = int(words[3])
    result = denet("--ebpf", "syscalls", "-q", "-j", "run", *command, env=env)
    ours = {name: call["count"] for name, call in calls(the(result.records, "exit")).items()}
    for name in ("exit", "exit_group"):
        theirs.pop(name, None)
        ours.pop(name, None)
    uncertain = {"restart_syscall", "brk", "mmap", "munmap", "futex", "wait4", "rt_sigreturn", "madvise"}
    if command[0] == "sh":
        uncertain |= {"read", "clone"}  # a pipe's pieces are as they come; a signal has a fork begin once more
    different = {n for n in ours.keys() | theirs.keys() if ours.get(n) != theirs.get(n)} - uncertain
    return {n: (ours.get(n), theirs.get(n)) for n in different}


def test_twenty_thousand_short_children_are_all_counted(truth: Helper, tmp_path: Path) -> None:
    count = 2_000 if SLOW else 20_000
    record = ended("run", truth("spawn"), tmp_path / "report", "fork", str(count), "0")
    assert record["totals"]["processes_seen"] == count + 1
    forked = calls(record)
    assert sum(forked[name]["count"] for name in ("clone", "fork", "clone3", "vfork") if name in forked) == count
    assert forked["exit_group"]["count"] == count + 1


@pytest.mark.parametrize("parts", ["syscalls,exits", "offcpu"])
def test_what_is_read_to_load_it_is_not_what_the_command_read(parts: str) -> None:
    plain = totals(denet("-j", "run", "true").records)
    here = ended("run", "true", parts=parts)
    assert "lower_bound" not in here
    for name in ("syscall_read_bytes", "io_read_ops", "syscall_write_bytes"):
        assert here["totals"][name] == plain[name], name


@pytest.mark.parametrize("how", ["daemons", "ignored", "unwaited", "quit"])
def test_those_whose_totals_nobody_gets_are_counted_too(truth: Helper, tmp_path: Path, how: str) -> None:
    """Attached or not: without eBPF these are lower bounds."""
    report = tmp_path / "report"
    result = denet("--ebpf", "exits", "--wait-all", "-j", "run", truth("spawn"), report, how, "200", "2000")
    record = the(result.records, "exit")
    used = int.from_bytes(report.read_bytes()[:8], sys.byteorder) / 1e9
    assert "lower_bound" not in record
    assert cpu_secs(record["totals"]) >= used
    assert cpu_secs(record["totals"]) <= used * 1.02 + 200 * BESIDES


def test_attached_nothing_is_missed_from_then_on(truth: Helper, tmp_path: Path, background: Background) -> None:
    report, go = tmp_path / "report", tmp_path / "go"
    script = f"while [ ! -e {go} ]; do sleep 0.02; done; {truth('spawn')} {report} daemons 100 2000; sleep 0.3"
    target = background(["sh", "-c", script])
    watcher = attach(background, "exits,syscalls", target.pid, tmp_path / "told")
    go.touch()
    record = told(watcher, tmp_path / "told")
    used = int.from_bytes(report.read_bytes()[:8], sys.byteorder) / 1e9
    assert "lower_bound" not in record, record
    assert used <= cpu_secs(record["totals"]) <= used * 1.02 + 100 * BESIDES + 0.3
    assert record["totals"]["processes_seen"] >= 201


def test_switches_and_faults_of_all_threads_are_those_that_wait4_says(truth: Helper, tmp_path: Path) -> None:
    script = (
        "import os, resource, subprocess, sys\n"
        f"subprocess.run([{truth('calls')!r}, '1000', '4'], check=True)\n"
        f"subprocess.run([{truth('spawn')!r}, {str(tmp_path / 'r')!r}, 'fork', '200', '100'], check=True)\n"
        "r = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(r.ru_nvcsw, r.ru_nivcsw, r.ru_minflt, r.ru_utime + r.ru_stime, file=sys.stderr)\n"
    )
    result = denet("--ebpf", "exits", "-j", "run", sys.executable, "-c", script)
    voluntary, involuntary, faults, cpu = map(float, result.err.splitlines()[-1].split())
    found = totals(result.records)
    assert found["ctx_switches_voluntary"] >= voluntary
    assert found["ctx_switches_involuntary"] >= involuntary
    assert found["page_faults_cached"] >= faults
    assert cpu_secs(found) >= cpu - 0.001


def test_the_totals_never_fall_and_no_sample_has_more_than_the_machine(truth: Helper, tmp_path: Path) -> None:
    arguments = ("-i", "5", "-m", "5", "-j", "run", truth("spawn"), tmp_path / "report", "fork", "800", "1000")
    trees = of_kind(denet("--ebpf", "exits", *arguments).records, "tree")
    last = 0.0
    for tree in trees:
        assert cpu_secs(tree["aggregated"]) >= last
        last = cpu_secs(tree["aggregated"])
    # The first has what the command had used before it was let go.
    assert all(t["aggregated"]["cpu_usage"] <= CORES * 100 + 1 for t in trees[1:-1])


def test_the_main_process_alone_is_counted_alone(truth: Helper, tmp_path: Path) -> None:
    command = f"{truth('calls')} 1000; exec {truth('calls')} 500"
    result = denet("--ebpf", "syscalls", "--exclude-children", "-j", "run", "sh", "-c", command)
    assert calls(the(result.records, "exit"))["getppid"]["count"] in (500, 501)


def test_errors_are_counted_by_their_number() -> None:
    script = "import os\nfor i in range(300):\n try: os.stat('/nowhere')\n except OSError: pass"
    block = ended("run", sys.executable, "-c", script)["ebpf"]["syscalls"]
    found = {(e["name"], e.get("error")): e["count"] for e in block["errors"]}
    stat = "newfstatat" if ("newfstatat", "ENOENT") in found else "stat"
    assert found[stat, "ENOENT"] >= 300
    for name in {name for name, _ in found}:
        assert (
            sum(n for (which, _), n in found.items() if which == name)
            == calls({"ebpf": {"syscalls": block}})[name]["errors"]
        )


def test_time_in_a_call_is_its_length() -> None:
    call = calls(ended("run", "sleep", "0.5"))["clock_nanosleep"]
    assert 0.5e9 <= call["max_ns"] < 1.5e9
    assert call["total_ns"] == call["max_ns"]


def test_the_record_adds_up() -> None:
    block = ended("run", "sh", "-c", "ls / > /dev/null; sleep 0.05")["ebpf"]["syscalls"]
    assert block["total"] == sum(block["by_category"].values()) == sum(c["count"] for c in block["top_syscalls"])
    counts = [c["count"] for c in block["top_syscalls"]]
    assert counts == sorted(counts, reverse=True)
    assert block["analysis"]["io_intensity"] == round(block["by_category"]["file_io"] / block["total"], 4)
    assert block["by_category"]["other"] == 0


def test_two_at_once_count_each_its_own(truth: Helper, background: Background) -> None:
    runs = [
        background(denet_command("--ebpf", "syscalls", "-j", "run", truth("calls"), str(n))) for n in (30000, 70000)
    ]
    counts = [calls(the(parse_records(r.communicate(timeout=PATIENCE)[0]), "exit"))["getppid"]["count"] for r in runs]
    assert counts == [30000, 70000]


@pytest.mark.skipif(not shutil.which("bpftool", path=os.environ["PATH"] + ":/usr/sbin"), reason="no bpftool")
def test_killed_it_leaves_no_program_behind(background: Background) -> None:
    before = programs()
    run = background(denet_command("--enable-ebpf", "-q", "run", "sleep", "30"))
    deadline = time.monotonic() + PATIENCE
    while programs() <= before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not programs() <= before
    run.send_signal(signal.SIGKILL)
    run.wait()
    while not programs() <= before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert programs() <= before


def test_a_hundred_thousand_threads_are_all_counted_and_leave_nothing_behind(truth: Helper) -> None:
    count = 5_000 if SLOW else 100_000
    held = "grep VmRSS /proc/$PPID/status >&2"
    script = f"{truth('threads')} 1000; {held}; {truth('threads')} {count}; {held}"
    result = denet("--enable-ebpf", "-j", "run", "sh", "-c", script)
    record = the(result.records, "exit")
    found = calls(record)
    assert sum(found[n]["count"] for n in ("clone", "clone3") if n in found) >= count + 1000
    assert found["exit"]["count"] == count + 1000
    # From 7.0 on the kernel leaves a program out now and then that is interrupted by another thread's.
    assert record["ebpf"]["lost_events"] <= (count // 1000 if KERNEL >= (7, 0) else 0)
    before, after = (int(kb) for kb in re.findall(r"VmRSS:\s+(\d+) kB", result.err))
    assert after - before < 2048, "denet holds nothing of a thread that has ended"


HAS_LIBBPF_ITSELF = """
import ctypes, sys
ctypes.CDLL("libbpf.so.1")
library = ctypes.CDLL(sys.argv[1])
library.denet_record_json.restype = ctypes.c_char_p
library.denet_free.argtypes = [ctypes.c_void_p]
library.denet_free.restype = None
options = (ctypes.c_uint * 4)(16, 0, 0, 1)  # struct_size, and eBPF's system calls
for _ in range(4):
    stream, record = ctypes.c_void_p(), ctypes.c_void_p()
    command = (ctypes.c_char_p * 2)(b"true", None)
    assert library.denet_run(ctypes.byref(stream), options, command, None) == 0
    while library.denet_next(stream, -1, ctypes.byref(record)) > 0:
        last = library.denet_record_json(record, None).decode()
    print(last, flush=True)
    library.denet_free(stream)
"""


@pytest.mark.skipif(SANITIZED, reason="a library with sanitizers is not loaded into a program without")
@pytest.mark.skipif(not (Path(DENET).parent / "libdenet.so").exists(), reason="no shared library beside the program")
def test_a_program_that_has_libbpf_itself_may_run_it_often() -> None:
    """libbpf goes on from what the module left in it."""
    result = execute([sys.executable, "-c", HAS_LIBBPF_ITSELF, str(Path(DENET).parent / "libdenet.so")])
    assert result.status == 0, result.err
    assert [(r["kind"], "syscalls" in r["ebpf"]) for r in result.records] == [("exit", True)] * 4
