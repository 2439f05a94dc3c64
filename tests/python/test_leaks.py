# SPDX-License-Identifier: GPL-3.0-or-later
"""Thousands of monitors in one process leave nothing behind."""

from __future__ import annotations

import gc
import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import denet

SANITIZED = "DENET_SANITIZED" in os.environ
FIRST = 500  # after so many, what is made once has been made
GROWTH_KB = 4096


def children() -> set[int]:
    """Those of this process, zombies too."""
    own = f"PPid:\t{os.getpid()}\n".encode()
    found = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if own in status.read_bytes():
                found.add(int(status.parent.name))
        except OSError:
            continue
    return found


def cgroups() -> set[str]:
    """Those that denet made for this process."""
    own = f"denet-{os.getpid()}-"
    # os.walk passes over what has gone since its parent was read.
    return {f"{path}/{name}" for path, names, _ in os.walk("/sys/fs/cgroup") for name in names if name.startswith(own)}


def held() -> dict[str, object]:
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "children": children(),
        "cgroups": cgroups(),
    }


def resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def run() -> None:
    m = denet.ProcessMonitor(["/bin/true"], 1000, 1000, quiet=True)
    m.run()
    assert m.returncode == 0


def leaves_nothing(what: Callable[[], object], times: int = 2000) -> None:
    """Does it so many times, and holds what this process has after that against what it had."""

    def call(n: int) -> None:
        for _ in range(n):
            what()
        gc.collect()

    call(FIRST)
    time.sleep(0.1)
    before, memory_kb = held(), resident_kb()
    call((1000 if SANITIZED else times) - FIRST)
    end = time.monotonic() + 10  # a thread that was joined is there for a moment yet, and so is a cgroup
    while held() != before and time.monotonic() < end:
        time.sleep(0.1)
    assert held() == before
    if not SANITIZED:  # which keep for a while what is freed
        assert resident_kb() - memory_kb < GROWTH_KB


def test_ten_thousand_commands_leave_nothing() -> None:
    leaves_nothing(run, 10000)


def test_ten_thousand_monitors_of_a_process_leave_nothing() -> None:
    leaves_nothing(lambda: denet.ProcessMonitor.from_pid(os.getppid(), 1000, 1000, quiet=True).sample_once(), 10000)


def test_monitors_that_nobody_followed_leave_nothing_once_their_commands_have_ended() -> None:
    started = itertools.count(1)

    def start() -> None:
        denet.ProcessMonitor(["/bin/true"], 1000, 1000, quiet=True)
        if next(started) % FIRST == 0:  # the next one that begins puts in order what those before it left
            time.sleep(0.1)
            run()

    leaves_nothing(start)


def test_a_long_run_that_keeps_nothing_in_memory_stays_flat() -> None:
    m = denet.ProcessMonitor(["sleep", "4"], 1, 1, store_in_memory=False, quiet=True)
    memory_kb: list[int] = []
    for _ in m:
        memory_kb.append(resident_kb())
    assert len(memory_kb) > 300 and m.get_samples() == []
    if not SANITIZED:
        assert memory_kb[-1] - memory_kb[len(memory_kb) // 4] < 1024


def test_commands_through_subprocess_leave_nothing() -> None:
    leaves_nothing(lambda: denet.execute_with_monitoring(["/bin/true"], capture_output=True))


def test_commands_that_cannot_be_started_leave_nothing() -> None:
    def fail() -> None:
        with pytest.raises(FileNotFoundError):
            denet.execute_with_monitoring(["/no/such"])
        with pytest.raises(FileNotFoundError):
            denet.ProcessMonitor(["/no/such"], 100, 1000)

    leaves_nothing(fail)


def test_measured_blocks_leave_nothing() -> None:
    def measure() -> None:
        with denet.measure():
            pass

    leaves_nothing(measure)
