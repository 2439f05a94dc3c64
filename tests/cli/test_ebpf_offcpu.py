# SPDX-License-Identifier: GPL-3.0-or-later
"""Time off the processors: how long, why, and in which function, of processes that wait for known things."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Background, Helper
from harness import SANITIZED, SLOW, Argument, denet, has_io_uring, of_kind, state_of, the, wait_until
from test_ebpf import NOT_HERE, attach, told

pytestmark = pytest.mark.skipif(bool(NOT_HERE), reason=NOT_HERE or "eBPF runs here")

MS = 300
IO_URING = pytest.param("io_uring", marks=pytest.mark.skipif(not has_io_uring(), reason="io_uring is off here"))
KINDS = ["sleep", "poll", "pipe", "network", "tty", "file", "lock", "child", "signal", "ipc"]
KINDS += ["page_fault", "kernel_lock"]


def offcpu(*arguments: Argument, parts: str = "offcpu") -> dict[str, Any]:
    """The block of the exit record of `denet --ebpf offcpu -j ARGUMENT…`."""
    result = denet("--ebpf", parts, "-j", *arguments)
    if result.status == 77:
        pytest.skip(result.err)
    assert result.status == 0, result.err
    block: dict[str, Any] = the(result.records, "exit")["ebpf"]["offcpu"]
    return block


def frames_of(block: dict[str, Any], reason: str) -> dict[str, Any]:
    """The stack that waited longest for this."""
    stacks: list[dict[str, Any]] = [s for s in block["stacks"] if s["reason"] == reason]
    assert stacks, block["stacks"]
    return max(stacks, key=lambda s: int(s["time_ns"]))


@pytest.mark.parametrize("kind", [*KINDS, IO_URING, "unix", "pipe32", "stopped"])
def test_a_wait_has_its_length_and_its_reason(truth: Helper, kind: str) -> None:
    block = offcpu("run", truth("waits"), kind, str(MS))
    reason = {"unix": "unix_socket", "pipe32": "pipe"}.get(kind, kind)
    # Who ends a wait of another may have begun to count before that one came to wait.
    least = 0.98 if kind in ("sleep", "poll", "signal", "io_uring") else 0.9
    assert MS * 1e6 * least <= block["by_reason"][reason] <= MS * 1e6 + 1e9
    sleeps = MS + 20 if kind == "stopped" else MS  # the one that ends the wait
    if kind in ("poll", "signal", "io_uring"):
        assert block["by_reason"]["sleep"] == 0
    elif kind != "sleep":
        assert sleeps * 1e6 * 0.98 <= block["by_reason"]["sleep"] <= sleeps * 1e6 + 1e9
    others = {r: ns for r, ns in block["by_reason"].items() if r not in (reason, "sleep", "run_queue", "disk")}
    if kind in ("stopped", "lock"):
        others.pop("child", None)
        others.pop("pipe", None)
    if kind == "kernel_lock":
        assert others.pop("file") >= MS * 1e6 * least  # the one that has the file locked
        others.pop("other", None)
    assert sum(others.values()) < 0.3 * MS * 1e6, others


@pytest.mark.parametrize("kind", ["sleep", "poll"])
def test_a_call_that_goes_on_after_a_stop_has_its_reason_yet(truth: Helper, kind: str) -> None:
    stop = "sleep 0.2; kill -STOP $!; sleep 0.1; kill -CONT $!; wait"
    block = offcpu("run", "sh", "-c", f"{truth('waits')} {kind} 1000 & {stop}")
    assert block["by_reason"]["stopped"] >= 0.1e9 * 0.9
    assert block["by_reason"][kind] >= (1.0 if kind == "poll" else 1.3) * 1e9 - block["by_reason"]["stopped"] - 0.1e9
    assert block["by_reason"]["other"] < 0.1e9


def test_it_adds_up() -> None:
    block = offcpu("run", "sh", "-c", "sleep 0.1; ls / > /dev/null; (sleep 0.1 & wait); true | cat")
    assert block["total_time_ns"] == sum(block["by_reason"].values())
    assert block["avg_time_ns"] == block["total_time_ns"] // block["total_events"]
    assert block["min_time_ns"] <= block["avg_time_ns"] <= block["max_time_ns"]
    tops = [t["time_ms"] for t in block["top_blocking_threads"]]
    assert tops == sorted(tops, reverse=True)
    assert sum(tops) == pytest.approx(block["total_time_ns"] / 1e6, rel=0.05)
    assert {f"{t['pid']}:{t['tid']}" for t in block["top_blocking_threads"]} <= set(block["thread_stats"])
    stats = block["thread_stats"].values()
    assert sum(t["total_time_ns"] for t in stats) == pytest.approx(block["total_time_ns"], rel=0.05)
    assert sum(t["count"] for t in stats) == pytest.approx(block["total_events"], rel=0.1)
    assert all(t["min_time_ns"] <= t["avg_time_ns"] <= t["max_time_ns"] for t in stats)
    assert sum(t["percentage"] for t in block["top_blocking_threads"]) == pytest.approx(100, abs=5)


def test_waiting_for_a_processor_is_apart(truth: Helper, tmp_path: Path) -> None:
    """Two that burn on one processor: each runs half of the time."""
    cpu = min(os.sched_getaffinity(0))
    burn = f"{truth('spawn')} {tmp_path / 'r'} fork 1 400000"
    block = offcpu("run", "taskset", "-c", str(cpu), "sh", "-c", f"{burn} & {burn} & wait")
    assert block["by_reason"]["run_queue"] >= 0.3e9
    assert block["by_reason"]["sleep"] == 0


def test_a_ping_pong_through_pipes_is_counted_by_the_turn() -> None:
    rounds = 5000
    script = (
        "import os\n"
        "a, b = os.pipe(), os.pipe()\n"
        "child = os.fork() == 0\n"
        "r, w = (a[0], b[1]) if child else (b[0], a[1])\n"
        f"for i in range({rounds}):\n"
        "  if child: os.read(r, 1); os.write(w, b'x')\n"
        "  else: os.write(w, b'x'); os.read(r, 1)\n"
    )
    block = offcpu("run", "taskset", "-c", str(min(os.sched_getaffinity(0))), sys.executable, "-c", script)
    assert block["total_events"] >= 2 * rounds - 10
    assert block["by_reason"]["pipe"] > 0


def test_what_is_still_blocked_counts_at_the_moment_of_a_sample(truth: Helper) -> None:
    result = denet("--ebpf", "offcpu", "-i", "50", "-m", "50", "-j", "run", truth("waits"), "sleep", "600")
    seen = [t["aggregated"]["ebpf"]["offcpu"]["total_time_ns"] / 1e9 for t in of_kind(result.records, "tree")]
    assert seen == sorted(seen)
    middle = [t for t in of_kind(result.records, "tree") if 0.25 < t["elapsed_us"] / 1e6 < 0.5]
    assert middle
    for tree in middle:
        assert tree["aggregated"]["ebpf"]["offcpu"]["by_reason"]["sleep"] / 1e9 == pytest.approx(
            tree["elapsed_us"] / 1e6, abs=0.2
        )


def test_attached_a_wait_that_had_begun_counts_from_then_on(
    truth: Helper, background: Background, tmp_path: Path
) -> None:
    target = background([truth("waits"), "sleep", "20000" if SLOW else "1500"])
    wait_until(lambda: state_of(target.pid) == "S")
    time.sleep(0.5)
    before = time.monotonic()
    watcher = attach(background, "offcpu", target.pid, tmp_path / "told")
    attached = time.monotonic()
    assert target.poll() is None
    target.wait()
    ended = time.monotonic()
    block = told(watcher, tmp_path / "told")["ebpf"]["offcpu"]
    assert (ended - attached) * 0.98 - 0.2 <= block["by_reason"]["sleep"] / 1e9 <= ended - before


@pytest.mark.parametrize("kind", [*KINDS, IO_URING])
def test_the_stack_names_the_function_that_waits_and_all_its_callers(truth: Helper, tmp_path: Path, kind: str) -> None:
    folded = tmp_path / "folded"
    block = offcpu("--stacks", folded, "run", truth("waits"), kind, str(MS))
    stack = frames_of(block, kind)
    assert stack["whole"] is True
    assert any(re.match(rf"wait_in_{kind}$", f) for f in stack["frames"]), stack["frames"]
    known = [f for f in stack["frames"] if f in (f"wait_in_{kind}", "main")]
    assert known == [f"wait_in_{kind}", "main"]
    assert "schedule" in stack["frames"][:3]
    lines = [line for line in folded.read_text().splitlines() if f"wait_in_{kind};" in line]
    assert lines and all(re.fullmatch(r"waits;.*main;.* \d+", line) for line in lines), folded.read_text()
    assert sum(int(line.rpartition(" ")[2]) for line in lines) >= MS * 1000 * 0.9


def test_stacks_of_processes_that_live_milliseconds_have_names(truth: Helper, tmp_path: Path) -> None:
    script = f"for i in 1 2 3 4 5 6 7 8 9 10; do {truth('waits')} pipe 3; done"
    block = offcpu("--stacks", tmp_path / "folded", "run", "sh", "-c", script)
    stacks = [s for s in block["stacks"] if s["reason"] == "pipe"]
    assert len({s["pid"] for s in stacks}) >= 5  # on a busy machine the byte may be there before the reader is
    for stack in stacks:
        assert "wait_in_pipe" in stack["frames"], stack
        assert stack["whole"]


def test_a_disk_that_is_read_is_waited_for(truth: Helper, tmp_path: Path) -> None:
    big = Path(os.environ.get("DENET_TEST_DISK", "/var/tmp")) / f"denet-test-{os.getpid()}"
    big.write_bytes(os.urandom(32 << 20))
    try:
        with big.open("rb") as f:
            os.fsync(f.fileno())
            os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        block = offcpu("--stacks", tmp_path / "folded", "run", truth("waits"), "disk", big)
    finally:
        big.unlink()
    if block["by_reason"]["disk"] == 0:
        pytest.skip("the file came from memory: no disk was read")
    assert any("wait_in_disk" in frame for frame in frames_of(block, "disk")["frames"])


def test_samples_on_cpu_are_where_the_time_goes(truth: Helper, tmp_path: Path) -> None:
    folded = tmp_path / "folded"
    offcpu_parts = ("--ebpf", "oncpu", "--stacks", folded)
    result = denet(*offcpu_parts, "-q", "run", truth("spawn"), tmp_path / "r", "fork", "4", "250000")
    assert result.status == 0, result.err
    lines = Path(f"{folded}.oncpu").read_text().splitlines()
    samples = sum(int(line.rpartition(" ")[2]) for line in lines)
    assert 50 <= samples <= 150  # a second at 99 Hz
    burning = sum(int(line.rpartition(" ")[2]) for line in lines if "burn_us" in line)
    assert burning >= 0.8 * samples, lines


def test_what_a_function_saves_below_the_stack_pointer_is_found(truth: Helper, tmp_path: Path) -> None:
    """It calls nobody, so x86-64 lets it; what its caller was called from is found by what it has saved."""
    folded = tmp_path / "folded"
    result = denet("--ebpf", "oncpu", "--stacks", folded, "-q", "run", truth("leaf"), "1000")
    assert result.status == 0, result.err
    lines = Path(f"{folded}.oncpu").read_text().splitlines()
    for callers, leaf in (("main", "burn_in_locals"), ("main;call_by_frame_pointer", "burn_in_saved")):
        found = [line for line in lines if f";{leaf}" in line]
        assert found, lines
        assert all(f";{callers};{leaf}" in line and "[cut]" not in line for line in found), found


def test_the_file_of_stacks_must_be_one_that_can_be_written(tmp_path: Path) -> None:
    refused = denet("--stacks", tmp_path / "no" / "file", "run", "touch", tmp_path / "trace")
    assert refused.status == 125
    assert "No such file or directory" in refused.error_line
    assert not (tmp_path / "trace").exists()


def test_threads_that_come_and_go_leave_their_time(truth: Helper) -> None:
    threads = 1_000 if SANITIZED else 10_000
    script = (
        "import threading, time\n"
        f"for i in range({threads // 50}):\n"
        " ts = [threading.Thread(target=time.sleep, args=(0.001,)) for _ in range(50)]\n"
        " [t.start() for t in ts]; [t.join() for t in ts]\n"
    )
    block = offcpu("run", sys.executable, "-c", script)
    assert block["by_reason"]["sleep"] >= threads * 0.001e9
    assert block["total_events"] >= threads
