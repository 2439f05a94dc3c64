# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel's side misses is counted and said, and what follows from it is a lower bound."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from conftest import Helper
from harness import SLOW, cpu_secs, denet, the
from test_ebpf import KERNEL, calls, ended, pytestmark  # noqa: F401 # skipped where eBPF does not run

ROOM = 2048  # different errors of different calls (bpf/abi.h, DN_BPF_ERRNOS)
RING, STACK = 1 << 23, 8192  # bytes of the ring where there are stacks, and of each of these, about


# To where one's own memory is seeked is what the call returns, also where that looks like an error.
ERRORS = (
    "import ctypes, os\n"
    "libc, memory = ctypes.CDLL(None), os.open('/proc/self/mem', os.O_RDONLY)\n"
    "libc.lseek.argtypes = [ctypes.c_int, ctypes.c_long, ctypes.c_int]\n"
    "for i in range(1, 4001): libc.lseek(memory, -i, 0)\n"
)


def test_more_errors_than_there_is_room_for_are_lost_and_said() -> None:
    record = ended("run", sys.executable, "-c", ERRORS)
    block = record["ebpf"]
    assert calls(record)["lseek"]["errors"] >= 4000, "what is counted by number has room for all"
    listed = block["syscalls"]["errors"]
    assert len(listed) <= ROOM
    of_it = [e["count"] for e in listed if e["name"] == "lseek"]
    assert len(of_it) >= ROOM // 2
    assert block["lost_events"] >= 4000 - sum(of_it) > 0


def test_where_something_was_lost_a_total_that_nobody_else_has_is_a_lower_bound(truth: Helper, tmp_path: Path) -> None:
    report = tmp_path / "report"
    script = f'{truth("spawn")} {report} ignored 200 2000; exec {sys.executable} -c "{ERRORS}"'
    record = ended("run", "sh", "-c", script)
    assert record["ebpf"]["lost_events"] > 0
    assert "lower_bound" in record
    used = int.from_bytes(report.read_bytes()[:8], sys.byteorder) / 1e9
    assert cpu_secs(record["totals"]) >= used, "of threads that end nothing was lost here"


def test_what_a_full_ring_has_no_room_for_is_lost_and_said(truth: Helper, tmp_path: Path) -> None:
    """Nobody empties it while denet is stopped. Each child has a stack of its own, and is a thread that has waited."""
    count, least = 1500, 1350  # on a busy machine a short sleep may be over before it has begun
    ms = 5 if SLOW else 1
    command = ("run", truth("unheard"), str(count), str(ms))
    record = ended("--stacks", tmp_path / "folded", *command, parts="offcpu,exits")
    waits = record["ebpf"]["offcpu"]
    assert record["ebpf"]["lost_events"] >= least - RING // STACK
    assert waits["unlisted_threads"] > 0
    assert least <= len(waits["thread_stats"]) + waits["unlisted_threads"] <= count + 1
    assert waits["by_reason"]["sleep"] >= least * ms * 1e6, "the sums have them all"
    assert "lower_bound" not in record, "all were counted"


@pytest.mark.skipif(KERNEL < (7, 0), reason="before Linux 7.0 nothing interrupts the program of a tracepoint")
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a real-time thread")
def test_at_how_many_events_the_kernel_left_a_program_out_is_in_lost_events(truth: Helper) -> None:
    """A thread sends while the program that counts what another has sent is interrupted on the same processor."""
    result = denet("--ebpf", "net", "-j", "run", truth("interrupt"), "10000" if SLOW else "3000")
    assert result.status == 0, result.err
    block = the(result.records, "exit")["ebpf"]
    sent, network = int(result.err), block["network"]
    missed = 2 * sent - network["unix_tx_bytes"] - network["unix_rx_bytes"]
    assert 0 < missed <= block["lost_events"]
